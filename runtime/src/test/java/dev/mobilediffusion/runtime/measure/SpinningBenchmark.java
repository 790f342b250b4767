package dev.mobilediffusion.runtime.measure;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * What idle threads gain by spinning; no test, run by name. Two copies of pocket draw in turns, so that a machine that
 * slows down meanwhile slows both: {@code -Dbench.rounds=40}, {@code -Dbench.steps=1}.
 */
final class SpinningBenchmark {

    private static final Path POCKET = Path.of("..", "models", "pocket");

    @Test
    void compares() {
        int rounds = Integer.getInteger("bench.rounds", 40);
        int steps = Integer.getInteger("bench.steps", 1);
        // The pool that networks share is without spinning; the other model's networks have pools of their own
        RuntimeOptions resting = RuntimeOptions.defaults();
        Map<String, List<Duration>> times = new TreeMap<>();
        try (TextToImage without = TextToImagePipeline.load(POCKET, resting);
                TextToImage with = TextToImagePipeline.load(POCKET, resting.withSpinning(true))) {
            for (int round = -3; round < rounds; round++) {
                Duration rests = draw(without, steps, round);
                Duration spins = draw(with, steps, round);
                if (round >= 0) {
                    times.computeIfAbsent("resting", any -> new ArrayList<>()).add(rests);
                    times.computeIfAbsent("spinning", any -> new ArrayList<>()).add(spins);
                }
            }
        }
        times.forEach((name, durations) -> {
            List<Duration> sorted = durations.stream().sorted().toList();
            System.out.printf(
                    "%-9s median %.1f ms, best %.1f ms%n",
                    name,
                    sorted.get(sorted.size() / 2).toNanos() / 1e6,
                    sorted.getFirst().toNanos() / 1e6);
        });
    }

    private static Duration draw(TextToImage model, int steps, int seed) {
        ImageRequest request =
                ImageRequest.of("a red house", seed + 3).withSteps(steps).withGuidanceScale(1);
        return model.generate(request, ProgressListener.NONE, new CancelToken())
                .timings()
                .total();
    }
}
