package dev.mobilediffusion.server;

import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.queue.QueueLimits;
import dev.mobilediffusion.server.store.Retention;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Everything that a server can be told. Immutable.
 *
 * @param host name or address to listen at
 * @param port in [0, {@value #MAX_PORT}]; 0 for any that is free
 * @param grpcPort where gRPC is served, in [0, {@value #MAX_PORT}], not {@code port}; 0 for any that is free; empty for the
 *     port after {@code port}, or any that is free where that is 0
 * @param data folder of jobs and their images
 * @param models folder of bundles
 * @param model the bundle that draws when a request names none; empty for {@code pocket}, else the first
 * @param queueCapacity jobs that may wait, in [1, {@value #MAX_QUEUE_CAPACITY}]
 * @param retention of finished jobs
 * @param gracePeriod for the running image when the server is told to stop, positive
 * @param http limits of the listener
 * @param access who may use the server
 * @param tls whether it encrypts
 * @param memory what loaded models may take
 * @param device how the device is used
 * @param logPrompts whether prompts may go to the log
 * @param pictureMetadata whether the settings that drew an image, its prompt included, are written into its file
 * @param safetyChecker whether a model's safety checker is run, where it has one
 * @param fleet how it shares its queue with other boards; empty for a board by itself
 */
public record ServerConfig(
        String host,
        int port,
        OptionalInt grpcPort,
        Path data,
        Path models,
        Optional<String> model,
        int queueCapacity,
        Retention retention,
        Duration gracePeriod,
        HttpLimits http,
        AccessConfig access,
        TlsConfig tls,
        ModelMemory memory,
        DeviceConfig device,
        boolean logPrompts,
        boolean pictureMetadata,
        boolean safetyChecker,
        Optional<FleetOptions> fleet) {

    public static final String LOOPBACK = "127.0.0.1";
    public static final String EVERY_ADDRESS = "0.0.0.0";
    public static final int DEFAULT_PORT = 8080;
    public static final int MAX_PORT = 65_535;
    public static final int MAX_QUEUE_CAPACITY = 10_000;

    public ServerConfig {
        Objects.requireNonNull(data, "data");
        Objects.requireNonNull(models, "models");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(retention, "retention");
        Objects.requireNonNull(http, "http");
        Objects.requireNonNull(access, "access");
        Objects.requireNonNull(tls, "tls");
        Objects.requireNonNull(memory, "memory");
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(fleet, "fleet");
        if (host.isBlank()) {
            throw new IllegalArgumentException("host must not be empty");
        }
        requireInRange("port", port, 0, MAX_PORT);
        requireGrpcPort(port, grpcPort);
        requireInRange("queue-capacity", queueCapacity, 1, MAX_QUEUE_CAPACITY);
        requirePositive("grace-period", gracePeriod);
    }

    /** Port 8080 on this machine alone, jobs in the user's data folder, models below {@code home}. */
    public static ServerConfig defaults(Path home) {
        return new ServerConfig(
                LOOPBACK,
                DEFAULT_PORT,
                OptionalInt.empty(),
                UserFolders.data(System.getenv(), Path.of(System.getProperty("user.home"))),
                home.resolve("models"),
                Optional.empty(),
                QueueLimits.DEFAULT_JOBS,
                Retention.DEFAULT,
                Duration.ofSeconds(30),
                HttpLimits.DEFAULT,
                AccessConfig.DEFAULT,
                TlsConfig.OFF,
                ModelMemory.DEFAULT,
                DeviceConfig.DEFAULT,
                false,
                true,
                true,
                Optional.empty());
    }

    /** The same as a board of a fleet. */
    ServerConfig withFleet(FleetOptions value) {
        return new ServerConfig(
                host,
                port,
                grpcPort,
                data,
                models,
                model,
                queueCapacity,
                retention,
                gracePeriod,
                http,
                access,
                tls,
                memory,
                device,
                logPrompts,
                pictureMetadata,
                safetyChecker,
                Optional.of(value));
    }

    /** The port to ask the system for: as given, else the one after HTTP's, or any where HTTP's is any. */
    int grpcPortToListenAt() {
        return grpcPort.orElse(port == 0 ? 0 : port + 1);
    }

    private static void requireGrpcPort(int port, OptionalInt grpcPort) {
        if (grpcPort.isEmpty()) {
            if (port == MAX_PORT) {
                throw new IllegalArgumentException(
                        "grpc-port must be given where port is %s, the last".formatted(port));
            }
            return;
        }
        requireInRange("grpc-port", grpcPort.getAsInt(), 0, MAX_PORT);
        if (port != 0 && grpcPort.getAsInt() == port) {
            throw new IllegalArgumentException("grpc-port must be another than port, got %s for both".formatted(port));
        }
    }

    public static void requireInRange(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("%s must be in [%s, %s], got %s".formatted(name, min, max, value));
        }
    }

    public static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException("%s must be positive, got %s".formatted(name, value));
        }
    }
}
