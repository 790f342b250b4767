package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.server.settings.SettingValues;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a board takes part in a fleet.
 *
 * @param servers addresses of NATS, {@code nats://HOST:PORT} or {@code tls://HOST:PORT}; several for a cluster; or only
 *     {@link #FIND}
 * @param credentials file that NATS made for this board; empty where NATS asks for none
 * @param offline what happens to calls whose client waits, while NATS cannot be reached
 * @param board this board's name, unique in the fleet
 * @param acknowledgeWithin time without a sign of life after which NATS gives an image to another board
 * @param keepFor how long NATS keeps ended jobs and images
 * @param replicas copies that NATS keeps of everything, [1, 5]; empty for three in a cluster and one in a single server
 */
public record FleetOptions(
        List<String> servers,
        Optional<Path> credentials,
        Offline offline,
        String board,
        Duration acknowledgeWithin,
        Duration keepFor,
        OptionalInt replicas) {

    /** Time in which a board that draws repeats three times that it does. */
    public static final Duration DEFAULT_ACKNOWLEDGE = Duration.ofSeconds(15);

    /** More than this NATS does not keep. */
    private static final int MAX_REPLICAS = 5;

    /** In the place of addresses: those that boards on this network tell. */
    public static final String FIND = "find";

    /** What a TXT record holds beside its name is 255 bytes. */
    private static final int TOLD_CHARACTERS = 240;

    private static final Set<String> SCHEMES = Set.of("nats", "tls");
    private static final Pattern BOARD = Pattern.compile("[A-Za-z0-9_-]{1,63}");

    /** What happens to calls whose client waits, while NATS cannot be reached. */
    public enum Offline {
        /** They are refused. */
        REFUSE,
        /** This board draws them by itself. */
        DRAW
    }

    public FleetOptions {
        servers = List.copyOf(servers);
        Objects.requireNonNull(credentials, "credentials");
        Objects.requireNonNull(offline, "offline");
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("queue must name a server, such as nats://127.0.0.1:4222");
        }
        if (!servers.equals(List.of(FIND))) {
            servers.forEach(FleetOptions::requireServer);
        }
        if (!BOARD.matcher(board).matches()) {
            throw new IllegalArgumentException(
                    "board must have 1 to 63 letters, digits, - or _, got \"%s\"".formatted(board));
        }
        if (acknowledgeWithin.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("fleet-ack-wait must be at least PT1S, got " + acknowledgeWithin);
        }
        if (!keepFor.isPositive()) {
            throw new IllegalArgumentException("keep-jobs-for must be positive, got " + keepFor);
        }
        if (replicas.isPresent() && (replicas.getAsInt() < 1 || replicas.getAsInt() > MAX_REPLICAS)) {
            throw new IllegalArgumentException(
                    "fleet-replicas must be in [1, %s], got %s".formatted(MAX_REPLICAS, replicas.getAsInt()));
        }
    }

    /**
     * Those of somebody who looks at a fleet and is no board of it.
     *
     * @param server address of NATS, several with commas
     */
    public static FleetOptions of(String server, Optional<Path> credentials) {
        return new FleetOptions(
                servers(server),
                credentials,
                Offline.REFUSE,
                "owner",
                DEFAULT_ACKNOWLEDGE,
                Duration.ofDays(7),
                OptionalInt.empty());
    }

    /**
     * {@code base} with every given setting in its place; empty where none names a queue.
     *
     * @param machine whose name the board has unless another is given
     * @param keepFor how long ended jobs are kept
     * @throws IllegalArgumentException naming key, bound and value of a wrong one
     */
    public static Optional<FleetOptions> apply(
            Optional<FleetOptions> base, SettingValues values, String machine, Duration keepFor) {
        if (base.isEmpty() && !values.has("queue")) {
            return Optional.empty();
        }
        return Optional.of(new FleetOptions(
                values.text("queue")
                        .map(FleetOptions::servers)
                        .orElseGet(() -> base.orElseThrow().servers()),
                values.has("queue-credentials")
                        ? Optional.of(values.path("queue-credentials", Path.of("")))
                        : base.flatMap(FleetOptions::credentials),
                values.text("fleet-offline")
                        .map(FleetOptions::offline)
                        .orElse(base.map(FleetOptions::offline).orElse(Offline.REFUSE)),
                values.text("board").or(() -> base.map(FleetOptions::board)).orElseGet(() -> boardName(machine)),
                values.duration(
                        "fleet-ack-wait",
                        base.map(FleetOptions::acknowledgeWithin).orElse(DEFAULT_ACKNOWLEDGE)),
                keepFor,
                values.has("fleet-replicas")
                        ? OptionalInt.of(Math.clamp(values.whole("fleet-replicas", 1), -1, Integer.MAX_VALUE))
                        : base.map(FleetOptions::replicas).orElse(OptionalInt.empty())));
    }

    /** Whether NATS is to be found on this network. */
    public boolean isFound() {
        return servers.equals(List.of(FIND));
    }

    /** What neighbours may know of where NATS is: its addresses without names and passwords. */
    public Optional<String> told() {
        String all = servers.stream().map(FleetOptions::open).collect(Collectors.joining(","));
        return isFound() || all.length() > TOLD_CHARACTERS ? Optional.empty() : Optional.of(all);
    }

    /** The servers as anybody may read them. */
    String shown() {
        return servers.stream().map(FleetOptions::open).collect(Collectors.joining(", "));
    }

    /** An address without name and password. */
    public static String open(String server) {
        return server.replaceFirst("//[^@]*@", "//");
    }

    private static List<String> servers(String text) {
        return Arrays.stream(text.split("[,\\s]+", -1))
                .filter(server -> !server.isEmpty())
                .toList();
    }

    private static Offline offline(String text) {
        return switch (text.strip()) {
            case "refuse" -> Offline.REFUSE;
            case "draw" -> Offline.DRAW;
            default ->
                throw new IllegalArgumentException("fleet-offline must be refuse or draw, got \"%s\"".formatted(text));
        };
    }

    /** A board's name from a machine's. */
    public static String boardName(String machine) {
        String name = machine.replaceAll("[^A-Za-z0-9_-]", "-");
        return name.isEmpty() ? "board" : name.substring(0, Math.min(63, name.length()));
    }

    private static void requireServer(String server) {
        try {
            URI uri = URI.create(server);
            if (SCHEMES.contains(String.valueOf(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getPath().isEmpty()) {
                return;
            }
        } catch (IllegalArgumentException notOne) {
            throw wrong(server, notOne);
        }
        throw wrong(server, null);
    }

    private static IllegalArgumentException wrong(String server, Throwable cause) {
        return new IllegalArgumentException(
                "queue must be nats://HOST:PORT or tls://HOST:PORT, several with commas, or find, got \"%s\""
                        .formatted(server),
                cause);
    }
}
