package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A job at one moment. Immutable.
 *
 * @param id of the job
 * @param state at that moment
 * @param createdAt admission
 * @param startedAt begin of the first image
 * @param finishedAt end, whatever the state
 * @param stage what is being done for the current image; empty when nothing is
 * @param step denoising steps that the current image has behind it
 * @param steps denoising steps of the current image; 0 before the first is done
 * @param images finished ones, by index
 * @param timings of all images together, with the wait in the queue as {@link Stage#QUEUE}
 * @param error why the job failed or was cancelled
 */
public record JobStatus(
        String id,
        JobState state,
        Instant createdAt,
        Optional<Instant> startedAt,
        Optional<Instant> finishedAt,
        Optional<Stage> stage,
        int step,
        int steps,
        List<JobImage> images,
        StageTimings timings,
        Optional<JobError> error) {

    public JobStatus {
        images = List.copyOf(images);
    }
}
