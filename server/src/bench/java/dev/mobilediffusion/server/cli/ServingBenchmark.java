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
 * @param settings of each image
 * @param alone one client's overhead
 * @param imagesPerSecondAlone one client's throughput
 * @param load many clients at once
 * @param health answers of {@code /health/live} under load
 * @param metrics answers of {@code /metrics} under load
 * @param early memory after the first {@link #EARLY_IMAGES} images
 * @param late memory after all
 * @param images drawn in all
 */
record ServingBenchmark(
        String model,
        ImageSettings settings,
        ServingOverhead alone,
        double imagesPerSecondAlone,
        LoadPhase load,
        List<Duration> health,
        List<Duration> metrics,
        OptionalLong early,
        OptionalLong late,
        int images) {

    static final int EARLY_IMAGES = 100;

    /** Until Java has compiled what serves an image, here and in the server. */
    static final int WARM_UP_IMAGES = 30;

    /** Images that {@link #run} draws: those of one client alone, then as many from each of the clients. */
    static int total(int clients, int images) {
        return EARLY_IMAGES + clients * imagesEach(clients, images);
    }

    /**
     * Measures {@code server}, which has drawn nothing yet.
     *
     * @param settings of every image
     * @param images of all clients together under load; every client draws at least one
     * @param drawn told how many images there are so far
     */
    static ServingBenchmark run(
            ServerProcess server, ImageSettings settings, int clients, int images, IntConsumer drawn) {
        ServingOverhead alone;
        double imagesPerSecond;
        try (ImageClient client = HttpImageClient.connect(server.url(), Optional.empty(), settings)) {
            ServingOverhead.measure(client, 0, WARM_UP_IMAGES, drawn);
            long start = System.nanoTime();
            alone = ServingOverhead.measure(client, WARM_UP_IMAGES, EARLY_IMAGES - WARM_UP_IMAGES, drawn);
            imagesPerSecond = alone.images() / ((System.nanoTime() - start) / 1e9);
        }
        OptionalLong early = server.residentBytes();
        Probes probes = Probes.start(server.url());
        LoadPhase load;
        try (probes) {
            load = LoadPhase.run(server.url(), clients, imagesEach(clients, images), settings, EARLY_IMAGES, drawn);
        }
        return new ServingBenchmark(
                server.model(),
                settings,
                alone,
                imagesPerSecond,
                load,
                probes.health(),
                probes.metrics(),
                early,
                server.residentBytes(),
                total(clients, images));
    }

    private static int imagesEach(int clients, int images) {
        return Math.max(1, images / clients);
    }
}
