package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.cli.LauncherFixture.Run;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** When the launcher builds, and what it says meanwhile. */
final class LauncherBuildTest extends LauncherClone {

    @Test
    void buildsWhatIsMissingAndKeepsStdoutForResults() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        fixture.source("pom.xml", 60);
        Files.delete(fixture.app());
        fixture.maven("touch '%s'%n".formatted(fixture.app()));

        Run run = fixture.run("--version");

        assertThat(run.out().getFirst(), is("java 21.0.2"));
        assertThat(fixture.calls(), hasItem(containsString("-pl server -am")));
        assertThat(fixture.calls(), hasItem("JAVA_HOME=" + fixture.jvms().resolve("jdk-21")));
        assertThat(run.exitCode(), is(0));
    }

    @Test
    void buildsAgainOnlyWhenASourceIsNewer() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        fixture.source("pom.xml", 60);
        fixture.source("runtime/src/main/java/A.java", 60);
        fixture.maven("");
        fixture.age(fixture.app(), -60);
        assertThat(fixture.run().err(), is(empty()));

        fixture.age(fixture.app(), 120);
        assertThat(fixture.calls(), is(empty()));
        assertThat(fixture.run().exitCode(), is(0));
        assertThat(fixture.calls(), hasItem(startsWith("mvn ")));
        // Maven had nothing to do and left the jar as it was
        assertThat(fixture.run().err(), is(empty()));
    }

    @Test
    void tellsTheStepsOfABuildInPlainLinesWhereNobodySeesATerminal() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        fixture.source("pom.xml", 60);
        Files.delete(fixture.app());
        fixture.maven("""
            echo '[INFO] Downloading from central: https://repo.example/a.jar'
            echo '[INFO] Downloaded from central: https://repo.example/a.jar (1.0 kB at 9 kB/s)'
            echo '[INFO] Downloaded from central: https://repo.example/b.jar (1.0 kB at 9 kB/s)'
            echo '[INFO] --- maven-compiler-plugin:3.14.1:compile (default-compile) @ mobilediffusion-runtime ---'
            echo '[INFO] --- protobuf:3.10.3:generate (default) @ mobilediffusion-server ---'
            echo '[INFO] --- compiler:3.14.1:compile (default-compile) @ mobilediffusion-server ---'
            echo '[INFO] --- jar:3.4.2:jar (default-jar) @ mobilediffusion-server ---'
            touch '%s'
            """.formatted(fixture.app()));

        Run run = fixture.run("--version");

        assertThat(run.exitCode(), is(0));
        assertThat(run.err(), everyItem(matchesPattern("mobilediffusion: [ -~]+"))); // no escape codes
        assertThat(
                run.err().stream().map(line -> line.replaceAll("\\d+ s", "N s")).toList(),
                contains(
                        startsWith("mobilediffusion: building, which takes some minutes the first time"),
                        is("mobilediffusion: N s, fetching libraries and tools: 1 files"),
                        is("mobilediffusion: N s, compiling the runtime, step 1 of 3"),
                        is("mobilediffusion: N s, making the gRPC classes"),
                        is("mobilediffusion: N s, compiling the server, step 2 of 3"),
                        is("mobilediffusion: N s, putting the program together, step 3 of 3"),
                        is("mobilediffusion: built in N s")));
        assertThat(fixture.calls(), hasItem(containsString("-Dstyle.color=never")));
    }

    @Test
    void saysThatMavenIsNeededToBuild() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        fixture.source("pom.xml", 60);
        Files.delete(fixture.app());

        Run run = fixture.run();

        assertThat(run.exitCode(), is(1));
        assertThat(run.err(), contains(containsString("Maven is needed to build")));
    }

    @Test
    void endsWhenTheBuildFailsAndLeavesTheWayFreeForTheNext() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        fixture.source("pom.xml", 60);
        Files.delete(fixture.app());
        fixture.maven("echo '[ERROR] cannot find symbol'\nexit 1\n");

        Run run = fixture.run();

        assertThat(run.exitCode(), is(1));
        assertThat(run.out(), is(empty()));
        assertThat(run.err(), hasItem("[ERROR] cannot find symbol"));
        assertThat(run.err(), hasItem(containsString("the build failed")));
        assertThat(Files.exists(fixture.root().resolve("server/target/.building")), is(false));
    }
}
