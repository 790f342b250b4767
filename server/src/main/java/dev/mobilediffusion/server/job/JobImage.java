package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.image.ImageFormat;
import java.util.List;

/**
 * A finished image of a job.
 *
 * @param index place in the job; the first is 0
 * @param seed that draws this very image again
 * @param width in pixels, as delivered
 * @param height in pixels, as delivered
 * @param steps denoising steps that were run
 * @param guidanceScale that was used
 * @param format of {@link #bytes}
 * @param sha256 of {@link #bytes}, 64 hex digits
 * @param timings per stage, encoding included, queueing excluded
 * @param warnings sentences for the person who asked
 * @param content where the bytes are
 */
public record JobImage(
        int index,
        long seed,
        int width,
        int height,
        int steps,
        double guidanceScale,
        ImageFormat format,
        String sha256,
        StageTimings timings,
        List<String> warnings,
        ImageContent content) {

    public JobImage {
        warnings = List.copyOf(warnings);
    }

    /** The encoded image; shared, so not to be written to. */
    public byte[] bytes() {
        return content.read();
    }

    /** {@code start}, and the stages of all {@code images}. */
    static StageTimings sum(StageTimings start, Iterable<JobImage> images) {
        StageTimings sum = start;
        for (JobImage image : images) {
            for (Stage stage : image.timings().durations().keySet()) {
                sum = sum.with(stage, sum.of(stage).plus(image.timings().of(stage)));
            }
        }
        return sum;
    }

    public JobImage withContent(ImageContent value) {
        return new JobImage(index, seed, width, height, steps, guidanceScale, format, sha256, timings, warnings, value);
    }
}
