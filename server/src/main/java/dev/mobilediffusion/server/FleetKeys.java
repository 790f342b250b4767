package dev.mobilediffusion.server;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.fleet.FleetOptions;
import dev.mobilediffusion.server.settings.SettingValues;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The settings of a fleet from text. Without {@code queue} the others mean nothing. */
final class FleetKeys {

    private FleetKeys() {}

    /**
     * {@code base} with every given key in its place.
     *
     * @param keepFor how long ended jobs are kept
     * @throws IllegalArgumentException naming key, bound and value of a wrong one
     */
    static Optional<FleetOptions> apply(Optional<FleetOptions> base, SettingValues values, Duration keepFor) {
        if (base.isEmpty() && !values.has("queue")) {
            return Optional.empty();
        }
        return Optional.of(new FleetOptions(
                values.text("queue")
                        .map(FleetKeys::servers)
                        .orElseGet(() -> base.orElseThrow().servers()),
                values.has("queue-credentials")
                        ? Optional.of(values.path("queue-credentials", Path.of("")))
                        : base.flatMap(FleetOptions::credentials),
                values.text("fleet-offline")
                        .map(FleetKeys::offline)
                        .orElse(base.map(FleetOptions::offline).orElse(FleetOptions.Offline.REFUSE)),
                values.text("board")
                        .or(() -> base.map(FleetOptions::board))
                        .orElseGet(() -> FleetOptions.boardName(LocalNetwork.machineName())),
                values.duration(
                        "fleet-ack-wait",
                        base.map(FleetOptions::acknowledgeWithin).orElse(FleetOptions.DEFAULT_ACKNOWLEDGE)),
                keepFor));
    }

    private static List<String> servers(String text) {
        return Arrays.stream(text.split("[,\\s]+", -1))
                .filter(server -> !server.isEmpty())
                .toList();
    }

    private static FleetOptions.Offline offline(String text) {
        return switch (text.strip()) {
            case "refuse" -> FleetOptions.Offline.REFUSE;
            case "draw" -> FleetOptions.Offline.DRAW;
            default ->
                throw new IllegalArgumentException("fleet-offline must be refuse or draw, got \"%s\"".formatted(text));
        };
    }
}
