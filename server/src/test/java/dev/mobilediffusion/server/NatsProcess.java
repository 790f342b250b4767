package dev.mobilediffusion.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A real {@code nats-server} with JetStream on a free port; it keeps its port and its folder when it is started again. */
public final class NatsProcess implements AutoCloseable {

    private final int port;
    private final List<String> command;
    private final Map<String, String> variables;
    private final String host;
    private final Path folder;
    private Process process;

    private NatsProcess(int port, List<String> command, Map<String, String> variables) {
        this("127.0.0.1", port, command, variables, Path.of(""));
    }

    private NatsProcess(String host, int port, List<String> command, Map<String, String> variables, Path folder) {
        this.host = host;
        this.port = port;
        this.command = command;
        this.variables = variables;
        this.folder = folder;
    }

    /** @param arguments more of nats-server's */
    public static NatsProcess start(Path folder, String... arguments) {
        int port = freePort();
        List<String> command = new ArrayList<>(List.of(
                "nats-server", "-js", "-sd", folder.toString(), "-a", "127.0.0.1", "-p", Integer.toString(port)));
        command.addAll(List.of(arguments));
        NatsProcess nats = new NatsProcess(port, command, Map.of());
        nats.start();
        return nats;
    }

    /** One without JetStream. */
    public static NatsProcess startPlain() {
        int port = freePort();
        NatsProcess nats = new NatsProcess(
                port, List.of("nats-server", "-a", "127.0.0.1", "-p", Integer.toString(port)), Map.of());
        nats.start();
        return nats;
    }

    /** Writes a configuration for a port. */
    @FunctionalInterface
    public interface Configuration {
        Object write(int port) throws IOException;
    }

    /** One that runs with {@code file}, which {@code configuration} writes. */
    public static NatsProcess startConfigured(Configuration configuration, Path file) throws IOException {
        int port = freePort();
        Object unused = configuration.write(port);
        NatsProcess nats = new NatsProcess(port, List.of("nats-server", "-c", file.toString()), Map.of());
        nats.start();
        return nats;
    }

    /** One that runs with a configuration that reads {@code variables}, and listens where {@code NATS_LISTEN} says. */
    public static NatsProcess startConfigured(Path file, Map<String, String> variables) {
        int port = Integer.parseInt(variables.get("NATS_LISTEN").split(":", -1)[1]);
        NatsProcess nats = new NatsProcess(port, List.of("nats-server", "-c", file.toString()), variables);
        nats.start();
        return nats;
    }

    /** One that runs in {@code folder} with the {@code nats.conf} there, and listens at {@code host}. */
    public static NatsProcess startIn(Path folder, String host, int port, List<String> arguments) {
        List<String> command =
                new ArrayList<>(List.of("nats-server", "-c", "nats.conf", "-a", host, "-p", Integer.toString(port)));
        command.addAll(arguments);
        NatsProcess nats = new NatsProcess(host, port, command, Map.of(), folder);
        nats.start();
        return nats;
    }

    public String url() {
        return "nats://%s:%s".formatted(host, port);
    }

    /** Returns when it listens. */
    public void start() {
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toAbsolutePath().toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD);
            builder.environment().putAll(variables);
            process = builder.start();
        } catch (IOException absent) {
            throw new IllegalStateException(
                    "these tests need nats-server in PATH: apt-get install nats-server, or go install"
                            + " github.com/nats-io/nats-server/v2@latest",
                    absent);
        }
        awaitListening();
    }

    /** As a power cut would end it. */
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        kill();
    }

    private void awaitListening() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < end && process.isAlive()) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(host, port), 100);
                return;
            } catch (IOException notYet) {
                pause();
            }
        }
        throw new IllegalStateException("nats-server did not begin to listen: " + command);
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
