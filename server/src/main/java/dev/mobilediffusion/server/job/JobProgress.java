package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** How far a job has come: what its events add up to. Not thread-safe: the job's lock guards it. */
final class JobProgress {

    private final TreeMap<Integer, JobImage> images = new TreeMap<>();
    private JobState state = JobState.QUEUED;
    private Instant startedAt;
    private Instant finishedAt;
    private Stage stage;
    private int step;
    private int steps;
    private JobError error;

    JobState state() {
        return state;
    }

    JobStatus status(String id, Instant createdAt) {
        return new JobStatus(
                id,
                state,
                createdAt,
                Optional.ofNullable(startedAt),
                Optional.ofNullable(finishedAt),
                Optional.ofNullable(stage),
                step,
                steps,
                List.copyOf(images.values()),
                timings(createdAt),
                Optional.ofNullable(error));
    }

    /** Takes in what happened at {@code at}; after the end, nothing but images that are not there yet. */
    void apply(JobEvent event, Instant at) {
        switch (event) {
            case JobEvent.Started started -> {
                state = state == JobState.QUEUED ? JobState.RUNNING : state;
                startedAt = startedAt == null ? at : startedAt;
            }
            case JobEvent.StageStarted begun -> enter(begun.stage());
            case JobEvent.StepDone done -> {
                step = done.step();
                steps = done.steps();
            }
            case JobEvent.ImageReady ready -> {
                stage = null;
                put(ready.image());
            }
            case JobEvent.Finished end -> end(end.state(), end.error(), at);
            case JobEvent.Queued queued -> {}
            case JobEvent.Preview preview -> {}
        }
    }

    /** Takes over a state without its events; whether it is the end. */
    boolean catchUp(JobState now, Instant at, Optional<JobError> why) {
        if (now.isFinal()) {
            end(now, why, at);
        } else if (state == JobState.QUEUED) {
            state = now;
        }
        return now.isFinal();
    }

    void begunAt(Optional<Instant> started) {
        startedAt = started.orElse(startedAt);
    }

    /** By index. */
    List<JobImage> images() {
        return List.copyOf(images.values());
    }

    Optional<JobError> error() {
        return Optional.ofNullable(error);
    }

    /** Keeps the image, unless one with its index is there. */
    void put(JobImage image) {
        images.putIfAbsent(image.index(), image);
    }

    boolean has(int index) {
        return images.containsKey(index);
    }

    int count() {
        return images.size();
    }

    void releaseImages() {
        images.values().forEach(image -> image.content().release());
    }

    private void enter(Stage next) {
        if (!state.isFinal()) {
            stage = next;
            step = 0;
            steps = 0;
        }
    }

    private void end(JobState end, Optional<JobError> why, Instant at) {
        if (!state.isFinal()) {
            state = end;
            stage = null;
            finishedAt = at;
            error = why.orElse(null);
        }
    }

    private StageTimings timings(Instant createdAt) {
        StageTimings queued = startedAt == null
                ? StageTimings.NONE
                : StageTimings.NONE.with(Stage.QUEUE, Duration.between(createdAt, startedAt));
        return JobImage.sum(queued, images.values());
    }
}
