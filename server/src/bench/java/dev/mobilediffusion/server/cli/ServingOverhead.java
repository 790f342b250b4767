package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.benchmark.Percentile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * What serving costs on top of the networks, for a client that is alone.
 *
 * @param wall median from request to image
 * @param inference median of the same images' time in the networks
 * @param images measured
 */
record ServingOverhead(Duration wall, Duration inference, int images) {

    private static final int MEDIAN = 50;

    /** Draws images {@code first} to {@code first + count - 1}, one after the other. */
    static ServingOverhead measure(ImageClient client, int first, int count, IntConsumer drawn) {
        List<Duration> walls = new ArrayList<>();
        List<Duration> inferences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ServedImage image = client.draw(first + i);
            walls.add(image.wall());
            inferences.add(image.inference());
            drawn.accept(first + i + 1);
        }
        return new ServingOverhead(Percentile.of(walls, MEDIAN), Percentile.of(inferences, MEDIAN), count);
    }

    /** 1 if serving cost nothing. */
    double ratio() {
        return (double) wall.toNanos() / inference.toNanos();
    }
}
