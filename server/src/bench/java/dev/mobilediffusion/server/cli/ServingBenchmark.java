package dev.mobilediffusion.server.cli;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntConsumer;

/**
 * How well a server serves: one client alone, then many at once, while its health is probed and its memory is read.
 *
 * @param model that drew
 * @param settings of each picture
 * @param alone one client's overhead
 * @param picturesPerSecondAlone one client's throughput
 * @param load many clients at once
 * @param health answers of {@code /health/live} under load
 * @param metrics answers of {@code /metrics} under load
 * @param early memory after the first {@link #EARLY_PICTURES} pictures
 * @param late memory after all
 * @param pictures drawn in all
 */
record ServingBenchmark(
        String model,
        PictureSettings settings,
        ServingOverhead alone,
        double picturesPerSecondAlone,
        LoadPhase load,
        List<Duration> health,
        List<Duration> metrics,
        OptionalLong early,
        OptionalLong late,
        int pictures) {

    static final int EARLY_PICTURES = 100;

    /** Until Java has compiled what serves a picture, here and in the server. */
    static final int WARM_UP_PICTURES = 30;

    /** Pictures that {@link #run} draws: those of one client alone, then as many from each of the clients. */
    static int total(int clients, int pictures) {
        return EARLY_PICTURES + clients * picturesEach(clients, pictures);
    }

    /**
     * Measures {@code server}, which has drawn nothing yet.
     *
     * @param settings of every picture
     * @param pictures of all clients together under load; every client draws at least one
     * @param drawn told how many pictures there are so far
     */
    static ServingBenchmark run(
            ServerProcess server, PictureSettings settings, int clients, int pictures, IntConsumer drawn) {
        ServingOverhead alone;
        double picturesPerSecond;
        try (PictureClient client = HttpPictureClient.connect(server.url(), Optional.empty(), settings)) {
            ServingOverhead.measure(client, 0, WARM_UP_PICTURES, drawn);
            long start = System.nanoTime();
            alone = ServingOverhead.measure(client, WARM_UP_PICTURES, EARLY_PICTURES - WARM_UP_PICTURES, drawn);
            picturesPerSecond = alone.pictures() / ((System.nanoTime() - start) / 1e9);
        }
        OptionalLong early = server.residentBytes();
        Probes probes = Probes.start(server.url());
        LoadPhase load;
        try (probes) {
            load = LoadPhase.run(
                    server.url(), clients, picturesEach(clients, pictures), settings, EARLY_PICTURES, drawn);
        }
        return new ServingBenchmark(
                server.model(),
                settings,
                alone,
                picturesPerSecond,
                load,
                probes.health(),
                probes.metrics(),
                early,
                server.residentBytes(),
                total(clients, pictures));
    }

    private static int picturesEach(int clients, int pictures) {
        return Math.max(1, pictures / clients);
    }
}
