package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.queue.DrawCost;
import dev.mobilediffusion.server.queue.ImageTask;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.WorkQueue;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The fleet's queue and this board's own, as the board's worker sees them: whichever has an image. An image of the fleet
 * that was drawn is kept while NATS is away for a short while; after that another board draws it. Thread-safe.
 */
final class FleetWork implements WorkQueue {

    private static final System.Logger LOG = System.getLogger(FleetWork.class.getName());

    /** Deliveries of one image, after which it is what kills boards. */
    static final int MAX_DELIVERIES = 5;

    /** How long a finished image waits for NATS, before the worker goes on without it. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration PAUSE = Duration.ofMillis(250);

    private final WorkQueue own;
    private final Hand hand;
    private final FleetJobs jobs;
    private final JobObserver observer;
    private final InOrder inOrder = new InOrder();

    FleetWork(WorkQueue own, Hand hand, FleetJobs jobs, JobObserver observer) {
        this.own = own;
        this.hand = hand;
        this.jobs = jobs;
        this.observer = observer;
    }

    @Override
    public Optional<ImageTask> take() throws InterruptedException {
        return hand.next();
    }

    @Override
    public boolean isEmpty() {
        return hand.isEmpty();
    }

    @Override
    public boolean begin(ImageTask task) {
        Optional<WorkStream.Taken> taken = hand.taken(task);
        if (taken.isEmpty()) {
            return own.begin(task);
        }
        try {
            return begin(task, taken.get());
        } catch (ApiException away) {
            leave(task, away);
            return false;
        }
    }

    private boolean begin(ImageTask task, WorkStream.Taken taken) {
        Instant now = jobs.now();
        JobRecord record = jobs.find(task.job().id()).orElse(null);
        if (record == null || record.state().isFinal() || !record.missing().contains(task.index())) {
            return false;
        }
        if (record.isLate(now)) {
            jobs.dropLate(record);
            return false;
        }
        if (taken.delivery() > MAX_DELIVERIES) {
            fail(
                    task,
                    JobError.of(
                            ErrorCode.INFERENCE_FAILED,
                            "image %s was begun %s times, and no board finished it"
                                    .formatted(task.index(), MAX_DELIVERIES)));
            return false;
        }
        if (jobs.begin(
                task.job().id(), task.index(), now)) { // before the drawing: who asks meanwhile must hear that it runs
            observer.stageDone(record.spec().model(), Stage.QUEUE, positive(Duration.between(record.createdAt(), now)));
        }
        return true;
    }

    @Override
    public void beginStage(ImageTask task, Stage stage) {
        if (hand.taken(task).isEmpty()) {
            own.beginStage(task, stage);
        } else {
            Instant now = jobs.now();
            inOrder.run(() -> jobs.tell(task.job().id(), EventJson.stage(now, task.index(), stage)));
        }
    }

    @Override
    public void endStep(ImageTask task, int step, int steps) {
        if (hand.taken(task).isEmpty()) {
            own.endStep(task, step, steps);
        } else {
            Instant now = jobs.now();
            inOrder.run(() -> jobs.tell(task.job().id(), EventJson.step(now, task.index(), step, steps)));
        }
    }

    @Override
    public void addPreview(ImageTask task, int index, int width, int height, ImageContent content) {
        if (hand.taken(task).isEmpty()) {
            own.addPreview(task, index, width, height, content);
            return;
        }
        String object = object(task) + "-preview-" + index;
        jobs.images().put(object, content.read());
        JobEvent.Preview preview = new JobEvent.Preview(0, task.index(), index, width, height, content);
        byte[] event = EventJson.preview(jobs.now(), task.index(), preview, object);
        inOrder.run(() -> jobs.tell(task.job().id(), event));
        content.release();
    }

    @Override
    public void deliver(ImageTask task, JobImage image) {
        if (hand.taken(task).isEmpty()) {
            own.deliver(task, image);
            return;
        }
        byte[] bytes = image.bytes();
        JobRecord.StoredObject stored = new JobRecord.StoredObject(image, object(task), bytes.length);
        boolean counted = patiently(task, () -> {
            jobs.images().put(stored.object(), bytes);
            inOrder.await();
            return jobs.complete(task.job().id(), stored);
        });
        if (counted) {
            observer.imageDone(task.job().spec().model());
        } else {
            jobs.images().delete(stored.object());
        }
    }

    @Override
    public void fail(ImageTask task, JobError error) {
        if (hand.taken(task).isEmpty()) {
            own.fail(task, error);
        } else if (error.code() == ErrorCode.NOT_READY) {
            hand.drop(task); // NATS is away, or this board cannot load the model: another one, or later, may do better
        } else {
            inOrder.await();
            boolean unused = patiently(task, () -> jobs.settle(task.job().id(), JobState.FAILED, Optional.of(error)));
        }
    }

    @Override
    public void done(ImageTask task, Optional<DrawCost> cost) {
        if (hand.taken(task).isEmpty()) {
            own.done(task, cost);
            return;
        }
        cost.ifPresent(this::observe);
        hand.letGo(task);
    }

    @Override
    public void observe(DrawCost cost) {
        own.observe(cost);
        hand.observe(cost.unet().plus(cost.beside()));
    }

    @Override
    public ImageContent keep(byte[] bytes) {
        return own.keep(bytes);
    }

    @Override
    public void stageDone(String model, Stage stage, Duration took) {
        own.stageDone(model, stage, took);
    }

    /** No two attempts share a name: the one that comes too late removes what is its own. */
    private static String object(ImageTask task) {
        return task.job().id() + "-" + task.index() + "-" + UUID.randomUUID();
    }

    /** Tries until NATS is there again; gives up where it stays away, since NATS then gives the image to another board. */
    private boolean patiently(ImageTask task, Supplier<Boolean> action) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return action.get();
            } catch (ApiException away) {
                if (away.code() == ErrorCode.STORAGE_FULL) {
                    jobs.settleQuietly(task.job().id(), JobError.of(away));
                    return false;
                }
                if (System.nanoTime() > end || !pause()) {
                    leave(task, away);
                    throw away;
                }
            }
        }
    }

    /** Leaves an image to whoever NATS gives it to next. */
    private void leave(ImageTask task, ApiException away) {
        LOG.log(
                System.Logger.Level.WARNING,
                "job={0} image {1} is left to another board: {2}",
                task.job().id(),
                task.index(),
                away.getMessage());
        hand.drop(task);
    }

    private static boolean pause() {
        try {
            Thread.sleep(PAUSE);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Duration positive(Duration duration) {
        return duration.isNegative() ? Duration.ZERO : duration;
    }
}
