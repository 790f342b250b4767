package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.Stage;
import java.util.Optional;

/** One thing that happened to a job. Ids grow within a job, also over restarts of the server, with gaps. */
public sealed interface JobEvent {

    long id();

    /** The job was admitted, or put back into the queue by a restart. */
    record Queued(long id) implements JobEvent {}

    /** Its first image begins. */
    record Started(long id) implements JobEvent {}

    /** A stage of image {@code image} (the first is 0) begins. */
    record StageStarted(long id, int image, Stage stage) implements JobEvent {}

    /** Denoising step {@code step} of {@code steps} is done; only the newest step of an image is kept. */
    record StepDone(long id, int image, int step, int steps) implements JobEvent {}

    /**
     * What image {@code image} looks like while it is being drawn.
     *
     * @param index among the previews of this image; the first is 0
     * @param width in pixels
     * @param height in pixels
     * @param content a file of the job's format
     */
    record Preview(long id, int image, int index, int width, int height, ImageContent content) implements JobEvent {}

    /** An image is finished, and on disk where the job is durable. */
    record ImageReady(long id, JobImage image) implements JobEvent {}

    /** The last event of every job. */
    record Finished(long id, JobState state, Optional<JobError> error) implements JobEvent {}
}
