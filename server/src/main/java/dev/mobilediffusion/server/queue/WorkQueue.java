package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import java.time.Duration;
import java.util.Optional;

/**
 * The queue as a worker sees it: takes image after image in fair order, and hands in what came of each. Thread-safe.
 *
 * <pre>{@code
 * for (Optional<ImageTask> next = work.take(); next.isPresent(); next = work.take()) {
 *     if (work.begin(next.get())) { … work.deliver(next.get(), image); }
 *     work.done(next.get(), Optional.of(cost));
 * }
 * }</pre>
 */
public interface WorkQueue {

    /** The next image to draw, in fair order; waits for one. Empty once the queue drains. */
    Optional<ImageTask> take() throws InterruptedException;

    /** Whether nobody waits for the networks. */
    boolean isEmpty();

    /** Begins a taken image; false when its job is too late or already over. */
    boolean begin(ImageTask task);

    /** A stage of a taken image begins. */
    default void beginStage(ImageTask task, Stage stage) {
        task.job().beginStage(task.index(), stage);
    }

    /** Denoising step {@code step} of {@code steps} of a taken image is done. */
    default void endStep(ImageTask task, int step, int steps) {
        task.job().endStep(task.index(), step, steps);
    }

    /**
     * A taken image looks like this while it is being drawn.
     *
     * @param index among the previews of this image; the first is 0
     * @param width in pixels
     * @param height in pixels
     * @param content of {@link #keep}
     */
    default void addPreview(ImageTask task, int index, int width, int height, ImageContent content) {
        task.job().addPreview(task.index(), index, width, height, content);
    }

    /** Adds a finished image to its job, kept first where the job is durable. */
    void deliver(ImageTask task, JobImage image);

    /** Ends a taken image's job without it. */
    void fail(ImageTask task, JobError error);

    /**
     * Ends a taken image, whatever came of it.
     *
     * @param cost what it took, where it was drawn to the end
     */
    void done(ImageTask task, Optional<DrawCost> cost);

    /** Tells what an image took that no job asked for, so that the first job's time is foreseen. */
    void observe(DrawCost cost);

    /** Keeps the bytes of a look at an unfinished image. */
    ImageContent keep(byte[] bytes);

    /** Tells how long a stage took. */
    void stageDone(String model, Stage stage, Duration took);
}
