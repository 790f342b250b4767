package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

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
public final class WorkQueue {

    private final WaitingRoom waiting;
    private final LiveJobs live;
    private final JobObserver observer;
    private final Clock clock;
    private final Function<byte[], ImageContent> spool;
    private final BiFunction<Job, JobImage, JobImage> store;

    /**
     * @param spool keeps bytes that nobody asks for once they are handed over
     * @param store keeps an image of a durable job on disk
     */
    WorkQueue(
            WaitingRoom waiting,
            LiveJobs live,
            JobObserver observer,
            Clock clock,
            Function<byte[], ImageContent> spool,
            BiFunction<Job, JobImage, JobImage> store) {
        this.waiting = waiting;
        this.live = live;
        this.observer = observer;
        this.clock = clock;
        this.spool = spool;
        this.store = store;
    }

    /** The next image to draw, in fair order; waits for one. Empty once the queue drains. */
    public Optional<ImageTask> take() throws InterruptedException {
        return waiting.take();
    }

    /** Whether nobody waits for the networks. */
    public boolean isEmpty() {
        return waiting.jobs() == 0;
    }

    /** Begins a taken image; false when its job is too late or already over. */
    public boolean begin(ImageTask task) {
        Job job = task.job();
        Instant now = clock.instant();
        if (job.deadline().isPresent() && !now.isBefore(job.deadline().get())) {
            live.dropLate(job);
        }
        if (job.start(now)) {
            observer.stageDone(job.spec().model(), Stage.QUEUE, Duration.between(job.createdAt(), now));
            live.keep(job);
        }
        return !job.state().isFinal();
    }

    /** Adds a finished image to its job, on disk first where the job is durable. */
    public void deliver(ImageTask task, JobImage image) {
        Job job = task.job();
        JobImage kept = job.isDurable() ? store.apply(job, image) : image.withContent(keep(image.bytes()));
        observer.pictureDone(job.spec().model());
        if (job.add(kept)) {
            live.settle(job, JobState.SUCCEEDED, Optional.empty());
        }
    }

    /** Ends a taken image's job without it. */
    public void fail(ImageTask task, JobError error) {
        live.fail(task.job(), error);
    }

    /**
     * Ends a taken image, whatever came of it.
     *
     * @param cost what it took, where it was drawn to the end
     */
    public void done(ImageTask task, Optional<DrawCost> cost) {
        waiting.done(task, cost);
    }

    /** Tells what an image took that no job asked for, so that the first job's time is foreseen. */
    public void observe(DrawCost cost) {
        waiting.observe(cost);
    }

    /** Keeps the bytes of a look at an unfinished image. */
    public ImageContent keep(byte[] bytes) {
        return spool.apply(bytes);
    }

    /** Tells how long a stage took. */
    public void stageDone(String model, Stage stage, Duration took) {
        observer.stageDone(model, stage, took);
    }
}
