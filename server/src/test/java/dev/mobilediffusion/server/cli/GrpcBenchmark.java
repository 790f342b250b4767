package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/**
 * What gRPC costs on top of the networks, for docs/performance.md. Not one of the build's tests, which do not measure
 * time, and run by name only; it lies here because grpc-java's client is not part of the server.
 */
final class GrpcBenchmark {

    private static final int IMAGES = 70;

    @Test
    void printsTheOverheadOfGenerate() {
        Path models = Path.of(System.getProperty("bench.models", "../models"));
        String model = System.getProperty("bench.model", "pocket");
        String guidance = System.getProperty("bench.guidance-scale", "");
        ImageSettings settings = new ImageSettings(
                Integer.getInteger("bench.steps", 1),
                guidance.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(guidance)));
        try (ServerProcess server = ServerProcess.start(models.resolve(model), 64);
                ImageClient client = new GrpcImageClient(server.url().getHost(), server.grpcPort(), settings)) {
            int warmUp = ServingBenchmark.WARM_UP_IMAGES;
            ServingOverhead.measure(client, 0, warmUp, drawn -> {});
            ServingOverhead overhead = ServingOverhead.measure(client, warmUp, IMAGES, drawn -> {});

            assertThat(overhead.images(), is(IMAGES));
            System.out.printf(
                    Locale.ROOT,
                    "gRPC Generate, %s, %s: p50 %.2f ms, of which %.2f ms in the networks, ratio %.3f%n",
                    server.model(),
                    settings,
                    overhead.wall().toNanos() / 1e6,
                    overhead.inference().toNanos() / 1e6,
                    overhead.ratio());
        }
    }
}
