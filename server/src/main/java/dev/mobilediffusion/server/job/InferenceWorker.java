package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Draws what the queue hands out, one picture after the other, on one platform thread of its own: native calls would
 * pin a virtual thread's carrier. Ends when the queue drains, after the picture in hand.
 */
public final class InferenceWorker implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(InferenceWorker.class.getName());

    private final JobQueue queue;
    private final Pipelines pipelines;
    private final PictureEncoder encoder;
    private final Thread thread;

    private InferenceWorker(JobQueue queue, Pipelines pipelines, PictureEncoder encoder) {
        this.queue = queue;
        this.pipelines = pipelines;
        this.encoder = encoder;
        this.thread = Thread.ofPlatform().name("inference-worker").unstarted(this::run);
    }

    public static InferenceWorker start(JobQueue queue, Pipelines pipelines, PictureEncoder encoder) {
        InferenceWorker worker = new InferenceWorker(queue, pipelines, encoder);
        worker.thread.start();
        return worker;
    }

    /** Waits up to {@code timeout} for the end; whether it came. Drain the queue first. */
    public boolean awaitEnd(Duration timeout) throws InterruptedException {
        return thread.join(timeout);
    }

    /** Drains the queue and waits for the picture in hand. */
    @Override
    public void close() {
        queue.drain();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            for (Optional<PictureTask> next = queue.take(); next.isPresent(); next = queue.take()) {
                draw(next.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void draw(PictureTask task) {
        Optional<Duration> took = Optional.empty();
        try {
            if (queue.begin(task)) {
                long begin = System.nanoTime();
                queue.deliver(task, picture(task));
                took = Optional.of(Duration.ofNanos(System.nanoTime() - begin));
            }
        } catch (InferenceException e) {
            if (e.code() != InferenceException.Code.CANCELLED) {
                fail(task, ApiException.of(e));
            }
        } catch (ApiException e) {
            fail(task, e);
        } catch (RuntimeException | Error e) {
            // Whatever one picture breaks, the next job must find a worker
            fail(task, ApiException.of(ErrorCode.INTERNAL, "the server failed to draw this picture", e));
        } finally {
            queue.done(task, took);
        }
    }

    private void fail(PictureTask task, ApiException failure) {
        if (failure.code().httpStatus() >= 500) {
            LOG.log(System.Logger.Level.ERROR, "job=" + task.job().id() + " failed", failure);
        }
        queue.fail(task.job(), JobError.of(failure));
    }

    private Picture picture(PictureTask task) {
        Job job = task.job();
        JobSpec spec = job.spec();
        TextToImage pipeline = pipelines.pipeline(spec.model());
        ModelInfo model = pipeline.model();
        GeneratedImage image = pipeline.generate(task.request(), progressOf(task, model), job.cancelToken());
        job.cancelToken().throwIfCancelled();
        job.beginStage(task.index(), Stage.ENCODE);
        long begin = System.nanoTime();
        Delivery delivery = spec.delivery();
        GeneratedImage sized = sized(image, delivery);
        byte[] bytes = encoder.encode(sized, model, delivery.format(), delivery.quality(), delivery.metadata());
        StageTimings timings = image.timings().with(Stage.ENCODE, Duration.ofNanos(System.nanoTime() - begin));
        timings.durations().forEach((stage, took) -> queue.observer().stageDone(model.name(), stage, took));
        return new Picture(
                task.index(),
                image.request().seed(),
                sized.width(),
                sized.height(),
                image.request().steps().orElse(model.defaultSteps()),
                image.request().guidanceScale().orElse(model.defaultGuidanceScale()),
                delivery.format(),
                sha256(bytes),
                timings,
                image.warnings(),
                () -> bytes);
    }

    private static GeneratedImage sized(GeneratedImage image, Delivery delivery) {
        return delivery.size().map(size -> Resampler.resample(image, size)).orElse(image);
    }

    private ProgressListener progressOf(PictureTask task, ModelInfo model) {
        Delivery delivery = task.job().spec().delivery();
        return new ProgressListener() {
            private int previews;

            @Override
            public void onStage(Stage stage) {
                task.job().beginStage(task.index(), stage);
            }

            @Override
            public void onStep(int step, int steps) {
                task.job().endStep(task.index(), step, steps);
            }

            @Override
            public boolean wantsPreview(int step, int steps) {
                return delivery.hasPreviewAt(step, steps);
            }

            @Override
            public void onPreview(int step, GeneratedImage preview) {
                GeneratedImage sized = sized(preview, delivery);
                byte[] bytes = encoder.encode(sized, model, delivery.format(), delivery.quality(), false);
                task.job().addPreview(task.index(), previews++, sized.width(), sized.height(), bytes);
            }
        };
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
