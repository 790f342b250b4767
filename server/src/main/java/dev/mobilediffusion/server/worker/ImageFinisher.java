package dev.mobilediffusion.server.worker;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.queue.DrawCost;
import dev.mobilediffusion.server.queue.ImageTask;
import dev.mobilediffusion.server.queue.WorkQueue;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What is left of an image when the networks are done with it: its size, its file, the disk, and whoever waits. On a
 * thread of its own when other images wait for the networks. At most one image is finished at a time, so that no more
 * than two are in memory. Owned by the worker's thread.
 */
final class ImageFinisher implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ImageFinisher.class.getName());

    private final WorkQueue work;
    private final ImageEncoder encoder;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("picture-finisher").factory());
    private Optional<Finishing> last = Optional.empty();

    private record Finishing(Job job, Future<?> end) {}

    /**
     * An image of pixels.
     *
     * @param task what it is
     * @param model that drew it
     * @param image in the model's size
     * @param beganNanos of {@link System#nanoTime}, when its networks began
     */
    record Drawn(ImageTask task, ModelInfo model, GeneratedImage image, long beganNanos) {

        /** Up to now. */
        DrawCost cost() {
            return DrawCost.of(model, image, since(beganNanos));
        }
    }

    ImageFinisher(WorkQueue work, ImageEncoder encoder) {
        this.work = work;
        this.encoder = encoder;
    }

    /** Waits until no image of {@code job} is being finished: a job's progress tells of one image after the other. */
    void awaitImagesOf(Job job) {
        if (last.isPresent() && last.get().job() == job) {
            await();
        }
    }

    /** Finishes an image: beside the next one's networks when one waits for them, else before this returns. */
    void finish(Drawn drawn) {
        await();
        if (work.isEmpty()) {
            deliver(drawn);
            work.done(drawn.task(), Optional.of(drawn.cost()));
            return;
        }
        DrawCost cost = drawn.cost();
        last = Optional.of(new Finishing(drawn.task().job(), thread.submit(() -> {
            deliver(drawn);
            work.done(drawn.task(), Optional.of(cost));
        })));
    }

    /** Ends an image's job by what broke the image; the next one must find a worker, whatever that was. */
    void fail(ImageTask task, Throwable cause) {
        if (cause instanceof InferenceException e && e.code() == InferenceException.Code.CANCELLED) {
            return;
        }
        ApiException failure =
                switch (cause) {
                    case ApiException e -> e;
                    case InferenceException e -> ApiException.of(e);
                    default -> ApiException.of(ErrorCode.INTERNAL, "the server failed to draw this picture", cause);
                };
        if (failure.code().httpStatus() >= 500) {
            LOG.log(System.Logger.Level.ERROR, "job=" + task.job().id() + " failed", failure);
        }
        work.fail(task, JobError.of(failure));
    }

    /** Waits for the image in hand. */
    @Override
    public void close() {
        thread.close();
    }

    private void await() {
        boolean interrupted = false;
        while (last.isPresent()) {
            try {
                last.get().end().get();
                last = Optional.empty();
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (ExecutionException e) {
                throw new IllegalStateException("finishing a picture handles its own failures", e);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void deliver(Drawn drawn) {
        try {
            drawn.task().job().cancelToken().throwIfCancelled();
            work.deliver(drawn.task(), image(drawn));
        } catch (RuntimeException | Error e) {
            fail(drawn.task(), e);
        }
    }

    private JobImage image(Drawn drawn) {
        ImageTask task = drawn.task();
        GeneratedImage image = drawn.image();
        ModelInfo model = drawn.model();
        work.beginStage(task, Stage.ENCODE);
        long begin = System.nanoTime();
        Delivery delivery = task.job().spec().delivery();
        GeneratedImage sized = task.job().spec().sized(image);
        byte[] bytes = encoder.encode(sized, model, delivery.format(), delivery.quality(), delivery.metadata());
        StageTimings timings = image.timings().with(Stage.ENCODE, since(begin));
        timings.durations().forEach((stage, took) -> work.stageDone(model.name(), stage, took));
        return new JobImage(
                task.index(),
                image.request().seed(),
                sized.width(),
                sized.height(),
                image.request().steps().orElse(model.defaultSteps()),
                image.request().guidanceScale().orElse(model.defaultGuidanceScale()),
                delivery.format(),
                Sha256.of(bytes),
                timings,
                image.warnings(),
                ImageContent.of(bytes));
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }
}
