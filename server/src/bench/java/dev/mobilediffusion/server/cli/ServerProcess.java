package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.machine.Machine;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A server in a process of its own, with this process's Java, flags and classes, so that its memory is its own. It
 * listens at a free port of this machine, and its data folder goes with it.
 */
final class ServerProcess implements AutoCloseable {

    private static final Pattern LISTENING =
            Pattern.compile("listening at (\\S+), model (\\S+) loaded.* gRPC at port (\\d+).*");
    private static final long STOP_SECONDS = 30;

    private final Process process;
    private final Path folder;
    private final URI url;
    private final String model;
    private final int grpcPort;

    private ServerProcess(Process process, Path folder, URI url, String model, int grpcPort) {
        this.process = process;
        this.folder = folder;
        this.url = url;
        this.model = model;
        this.grpcPort = grpcPort;
    }

    /**
     * Starts a server that draws with the model in folder {@code bundle} and waits until it listens.
     *
     * @throws CommandFailure with the server's own last words when it does not start
     */
    static ServerProcess start(Path bundle, int queueCapacity) {
        try {
            Path folder = Files.createTempDirectory("mobilediffusion-bench");
            Path log = folder.resolve("server.log");
            ProcessBuilder builder = new ProcessBuilder(command(bundle, queueCapacity, folder.resolve("data")))
                    .redirectError(log.toFile());
            // What is measured are the defaults, not the settings of whoever measures
            builder.environment().keySet().removeIf(name -> name.startsWith("MOBILEDIFFUSION_"));
            Process process = builder.start();
            BufferedReader out = process.inputReader();
            String line = out.readLine();
            Matcher listening = LISTENING.matcher(line == null ? "" : line);
            if (!listening.matches()) {
                process.destroyForcibly();
                String words = Files.readString(log).strip();
                remove(folder);
                throw new CommandFailure("the server did not start: " + words);
            }
            return new ServerProcess(
                    process,
                    folder,
                    URI.create(listening.group(1)),
                    listening.group(2),
                    Integer.parseInt(listening.group(3)));
        } catch (IOException failure) {
            throw new CommandFailure("the server did not start: " + failure.getMessage(), failure);
        }
    }

    URI url() {
        return url;
    }

    String model() {
        return model;
    }

    int grpcPort() {
        return grpcPort;
    }

    /** Bytes of RAM that the server holds now; empty where the system does not say. */
    OptionalLong residentBytes() {
        return Machine.here().memory().residentBytes(process.pid());
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            remove(folder);
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (IOException failure) {
            throw new CommandFailure("cannot remove %s: %s".formatted(folder, failure.getMessage()), failure);
        }
    }

    private static List<String> command(Path bundle, int queueCapacity, Path data) {
        Path models = bundle.toAbsolutePath().normalize().getParent();
        String model = bundle.getFileName().toString();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MobileDiffusion.class.getName(), "serve"));
        command.addAll(List.of("--host", "127.0.0.1", "--port", "0", "--data", data.toString()));
        command.addAll(List.of("--models", models.toString(), "--model", model));
        command.addAll(List.of("--queue-capacity", Integer.toString(queueCapacity)));
        return command;
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
