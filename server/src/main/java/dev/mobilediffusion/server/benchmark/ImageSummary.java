package dev.mobilediffusion.server.benchmark;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.Stage;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/** One line about an image: {@code 512x512, seed 7, 8 steps, 0.47 s (tokenize 1 ms, text_encoder 3 ms, …)}. */
public final class ImageSummary {

    private ImageSummary() {}

    public static String of(GeneratedImage image) {
        StringJoiner stages = new StringJoiner(", ", "(", ")");
        for (Map.Entry<Stage, Duration> stage : image.timings().durations().entrySet()) {
            stages.add(stage.getKey().label() + " " + stage.getValue().toMillis() + " ms");
        }
        return String.format(
                Locale.ROOT,
                "%dx%d, seed %d, %s, %.2f s %s",
                image.width(),
                image.height(),
                image.request().seed(),
                steps(image.request().steps().orElseThrow()),
                image.timings().total().toMillis() / 1000.0,
                stages);
    }

    /** {@code 1 step}, {@code 8 steps}. */
    public static String steps(int steps) {
        return steps == 1 ? "1 step" : steps + " steps";
    }
}
