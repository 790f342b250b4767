package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.cli.LauncherFixture.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class LauncherTest extends LauncherClone {

    @Test
    void takesTheNewerJavaBesideAnOldOneOnThePath() throws Exception {
        fixture.onPathAsJava(fixture.jdk(fixture.jvms().resolve("java-17"), "17.0.15"));
        fixture.jdk(fixture.jvms().resolve("jdk 21, with spaces"), "21.0.2");
        fixture.jdk(fixture.jvms().resolve("jdk-25"), "25.0.1");
        fixture.jdk(fixture.jvms().resolve("jdk-8"), "1.8.0_402");

        Run run = fixture.run("generate", "a red house", "--seed", "7");

        assertThat(run.err(), is(empty()));
        assertThat(run.out().getFirst(), is("java 25.0.1"));
        assertThat(run.out(), hasItems(fixture.app().toRealPath().toString(), "a red house", "--seed", "7"));
        assertThat(run.exitCode(), is(0));
    }

    @Test
    void readsArgumentsAsUtf8WhereNoLocaleIsSet() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-25"), "25.0.1");
        assertThat(fixture.run("generate", "zwölf Bäume").out(), hasItems("LC_CTYPE=C.UTF-8"));

        fixture.with("LANG", "de_DE.UTF-8");
        assertThat(fixture.run("generate", "zwölf Bäume").out(), hasItems("LC_CTYPE="));
    }

    @Test
    void saysWhatToInstallWhereThereIsNoJava() throws Exception {
        Run run = fixture.run("generate", "a red house");

        assertThat(run.exitCode(), is(1));
        assertThat(run.out(), is(empty()));
        assertThat(run.err(), contains(containsString("Java 21 or newer is needed")));
    }

    @Test
    void saysWhatToInstallWhereEveryJavaIsTooOld() throws Exception {
        fixture.onPathAsJava(fixture.jdk(fixture.jvms().resolve("java-17"), "17.0.15"));

        Run run = fixture.run();

        assertThat(run.exitCode(), is(1));
        assertThat(run.err(), contains(allOf(containsString("Java 21"), containsString("JAVA_HOME"))));
    }

    @Test
    void prefersJavaHomeThenThePath() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-26"), "26");
        fixture.onPathAsJava(fixture.jdk(folder.resolve("elsewhere"), "22.0.1"));
        assertThat(fixture.run().out().getFirst(), is("java 22.0.1"));

        fixture.jdk(folder.resolve("home"), "21");
        fixture.with("JAVA_HOME", folder.resolve("home"));
        assertThat(fixture.run().out().getFirst(), is("java 21"));
    }

    @Test
    void passesByAJavaHomeThatIsTooOldOrGone() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");

        fixture.with("JAVA_HOME", folder.resolve("gone"));
        assertThat(fixture.run().out().getFirst(), is("java 21.0.2"));

        fixture.jdk(folder.resolve("old"), "17.0.1");
        fixture.with("JAVA_HOME", folder.resolve("old"));
        assertThat(fixture.run().out().getFirst(), is("java 21.0.2"));
    }

    @Test
    void asksAJavaWithoutReleaseFileForItsVersion() throws Exception {
        fixture.javaWithoutReleaseFile(fixture.jvms().resolve("custom"), "23-ea");

        assertThat(fixture.run().out().getFirst(), is("java 23-ea"));
    }

    @Test
    void allowsUnsafeMemoryAccessOnlyWhereJavaKnowsTheFlag() throws Exception {
        Path home = fixture.jvms().resolve("jdk");
        fixture.jdk(home, "23.0.2");
        assertThat(fixture.run().out(), not(hasItem(startsWith("--sun-misc-unsafe"))));

        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"24\"\n");
        assertThat(fixture.run().out(), hasItem("--sun-misc-unsafe-memory-access=allow"));
    }

    @Test
    void keepsJavaSmallWhereMemoryIsToBeSaved() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");

        assertThat(fixture.run("serve", "--memory", "small").out(), hasItem("-Xmx64m"));
        assertThat(fixture.run("serve", "--memory=small").out(), hasItem("-Xmx64m"));
        assertThat(fixture.run("generate", "small").out(), not(hasItem("-Xmx64m")));

        fixture.with("MOBILEDIFFUSION_MEMORY", "small");
        assertThat(fixture.run("serve").out(), hasItem("-Xmx64m"));
        assertThat(fixture.run("serve", "--memory", "speed").out(), not(hasItem("-Xmx64m")));
    }

    @Test
    void readsFromTheFileOfSettingsWhetherMemoryIsToBeSaved() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        Path file = folder.resolve("server conf");
        Files.writeString(file, "# memory = speed\nport = 0\n  memory=small \n");

        assertThat(fixture.run("serve", "--config", file.toString()).out(), hasItem("-Xmx64m"));
        assertThat(fixture.run("serve", "--config=" + file).out(), hasItem("-Xmx64m"));
        assertThat(
                fixture.run("serve", "--config", file.toString(), "--memory", "speed")
                        .out(),
                not(hasItem("-Xmx64m")));
        assertThat(fixture.run("serve").out(), not(hasItem("-Xmx64m")));

        fixture.with("MOBILEDIFFUSION_CONFIG", file.toString());
        assertThat(fixture.run("serve").out(), hasItem("-Xmx64m"));
        fixture.with("MOBILEDIFFUSION_MEMORY", "speed");
        assertThat(fixture.run("serve").out(), not(hasItem("-Xmx64m")));
    }

    @Test
    void worksThroughSymbolicLinksFromAnotherFolder() throws Exception {
        fixture.jdk(fixture.jvms().resolve("jdk-21"), "21.0.2");
        Path first = Files.createSymbolicLink(folder.resolve("first link"), fixture.launcher());
        Path second = Files.createSymbolicLink(folder.resolve("second link"), first.getFileName());
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));

        Run run = fixture.run(second, elsewhere, "--help");

        assertThat(run.out(), hasItem(fixture.app().toRealPath().toString()));
        assertThat(run.exitCode(), is(0));
    }
}
