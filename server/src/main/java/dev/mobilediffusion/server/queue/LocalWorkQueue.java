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

/** The queue of one board, as its worker sees it. Thread-safe. */
final class LocalWorkQueue implements WorkQueue {

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
    LocalWorkQueue(
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

    @Override
    public Optional<ImageTask> take() throws InterruptedException {
        return waiting.take();
    }

    @Override
    public boolean isEmpty() {
        return waiting.jobs() == 0;
    }

    @Override
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

    @Override
    public void deliver(ImageTask task, JobImage image) {
        Job job = task.job();
        JobImage kept = job.isDurable() ? store.apply(job, image) : image.withContent(keep(image.bytes()));
        observer.imageDone(job.spec().model());
        if (job.add(kept)) {
            live.settle(job, JobState.SUCCEEDED, Optional.empty());
        }
    }

    @Override
    public void fail(ImageTask task, JobError error) {
        live.fail(task.job(), error);
    }

    @Override
    public void done(ImageTask task, Optional<DrawCost> cost) {
        waiting.done(task, cost);
    }

    @Override
    public void observe(DrawCost cost) {
        waiting.observe(cost);
    }

    @Override
    public ImageContent keep(byte[] bytes) {
        return spool.apply(bytes);
    }

    @Override
    public void stageDone(String model, Stage stage, Duration took) {
        observer.stageDone(model, stage, took);
    }
}
