package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The launcher in a folder of its own, on a machine of our making: a PATH with the few tools that it needs, and Java
 * installations which are scripts that say what they were called with.
 */
final class LauncherFixture {

    private static final List<String> TOOLS =
            List.of("cat", "date", "dirname", "find", "mkdir", "mv", "readlink", "rm", "sed", "sleep", "touch", "tr");
    private static final long TIMEOUT_SECONDS = 60;

    /** What a run of the launcher left behind. */
    record Run(int exitCode, List<String> out, List<String> err) {}

    private final Path folder;
    private final Path root;
    private final Path path;
    private final Map<String, String> environment = new TreeMap<>();

    private LauncherFixture(Path folder) {
        this.folder = folder;
        this.root = folder.resolve("a clone, with spaces");
        this.path = folder.resolve("path");
    }

    /** A clone below {@code folder} whose program is built already and which has no sources. */
    static LauncherFixture built(Path folder) throws IOException {
        LauncherFixture fixture = new LauncherFixture(folder);
        Files.createDirectories(fixture.app().getParent());
        Files.createFile(fixture.app());
        Files.copy(Path.of("..", "mobilediffusion"), fixture.launcher());
        for (String tool : TOOLS) {
            script(fixture.path.resolve(tool), "exec '%s' \"$@\"\n".formatted(onPath(tool)));
        }
        fixture.environment.put("PATH", fixture.path.toString());
        fixture.environment.put("HOME", folder.toString());
        fixture.environment.put("MOBILEDIFFUSION_JVM_FOLDERS", fixture.jvms().toString());
        return fixture;
    }

    Path root() {
        return root;
    }

    Path launcher() {
        return root.resolve("mobilediffusion");
    }

    Path app() {
        return root.resolve("server/target/app/mobilediffusion.jar");
    }

    /** The one usual folder of Java installations. */
    Path jvms() {
        return folder.resolve("jvms");
    }

    LauncherFixture with(String variable, Object value) {
        environment.put(variable, value.toString());
        return this;
    }

    /** A JDK in {@code home} that calls itself {@code version}, with a {@code release} file as real ones have. */
    Path jdk(Path home, String version) throws IOException {
        Path java = javaWithoutReleaseFile(home, version);
        Files.copy(java, java.resolveSibling("javac"));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"%s\"\n".formatted(version));
        return java;
    }

    Path javaWithoutReleaseFile(Path home, String version) throws IOException {
        return script(home.resolve("bin/java"), """
            [ "$1" != -version ] || { echo 'openjdk version "%s" 2025-01-01' >&2; exit 0; }
            echo "java %s"
            for argument; do echo "$argument"; done
            echo "LC_CTYPE=${LC_CTYPE:-}"
            """.formatted(version, version));
    }

    /** Makes {@code target} the {@code java} of PATH. */
    void onPathAsJava(Path target) throws IOException {
        Files.createSymbolicLink(path.resolve("java"), target);
    }

    /** A Maven that notes how it was called and does {@code commands}. */
    void maven(String commands) throws IOException {
        script(
                path.resolve("mvn"),
                "echo \"mvn $*\" >>'%1$s'\necho \"JAVA_HOME=$JAVA_HOME\" >>'%1$s'\n".formatted(mavenCalls())
                        + commands);
    }

    /** How Maven was called so far. */
    List<String> calls() throws IOException {
        return Files.exists(mavenCalls()) ? Files.readAllLines(mavenCalls()) : List.of();
    }

    private Path mavenCalls() {
        return folder.resolve("calls of maven.txt");
    }

    /** Puts a source file there which changed {@code ageSeconds} ago. */
    void source(String file, long ageSeconds) throws IOException {
        Path source = root.resolve(file);
        Files.createDirectories(source.getParent());
        Files.writeString(source, "");
        age(source, ageSeconds);
    }

    /** Makes {@code file} look as if it changed {@code ageSeconds} ago; below 0 in the future. */
    void age(Path file, long ageSeconds) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(ageSeconds)));
    }

    Run run(String... arguments) throws IOException, InterruptedException {
        return run(launcher(), folder, arguments);
    }

    Run run(Path command, Path workingFolder, String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(command.toString()));
        words.addAll(List.of(arguments));
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(workingFolder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the launcher did not end: " + Files.readString(err));
        }
        return new Run(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
    }

    private static Path script(Path file, String commands) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + commands);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path onPath(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this machine has no " + tool));
    }
}
