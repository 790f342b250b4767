package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The command line in a process of its own, as the launcher starts it. */
final class ChildProcess implements AutoCloseable {

    private static final long TIMEOUT_SECONDS = 120;
    private static final Pattern FLAGS = Pattern.compile("^flags=\"(-X[^\"$]*)\"$", Pattern.MULTILINE);
    private static final Pattern SMALL_FLAGS = Pattern.compile("^ *small_flags=\"(-X[^\"$]*)\"$", Pattern.MULTILINE);

    private final Process process;
    private final Path out;
    private final Path err;

    private ChildProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** Starts {@code arguments}; what the process prints goes to files in {@code folder}, where it works, too. */
    static ChildProcess start(Path folder, Object... arguments) throws IOException {
        return startMain(folder, MobileDiffusion.class.getName(), arguments);
    }

    /** As {@link #start}, with what the launcher adds where memory is to be saved. */
    static ChildProcess startSmall(Path folder, Object... arguments) throws IOException {
        List<String> flags = new ArrayList<>(launcherFlags(FLAGS));
        flags.addAll(launcherFlags(SMALL_FLAGS));
        return startMain(folder, flags, MobileDiffusion.class.getName(), arguments);
    }

    /** As {@link #start}, but another class of these tests, with the launcher's flags. */
    static ChildProcess startMain(Path folder, String main, Object... arguments) throws IOException {
        return startMain(folder, launcherFlags(FLAGS), main, arguments);
    }

    private static ChildProcess startMain(Path folder, List<String> flags, String main, Object... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Path out = folder.resolve("stdout.txt");
        Path err = folder.resolve("stderr.txt");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        return new ChildProcess(process, out, err);
    }

    /** What the launcher gives to every Java, or to small ones. */
    private static List<String> launcherFlags(Pattern wanted) throws IOException {
        String script = Files.readString(Path.of("..", "mobilediffusion"));
        Matcher flags = wanted.matcher(script);
        if (!flags.find()) {
            throw new IllegalStateException("the launcher has no line of flags");
        }
        return List.of(flags.group(1).split(" "));
    }

    /** Asks the process to end, as {@code kill} and service managers do. */
    void terminate() {
        process.destroy();
    }

    boolean isRunning() {
        return process.isAlive();
    }

    int awaitExit() throws IOException, InterruptedException {
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the process did not end; it said: " + err());
        }
        return process.exitValue();
    }

    List<String> out() throws IOException {
        return Files.readAllLines(out);
    }

    List<String> err() throws IOException {
        return Files.readAllLines(err);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
