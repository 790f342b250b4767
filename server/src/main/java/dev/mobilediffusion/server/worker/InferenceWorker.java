package dev.mobilediffusion.server.worker;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.models.Pipelines;
import dev.mobilediffusion.server.queue.ImageTask;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.WorkQueue;
import java.time.Duration;
import java.util.Optional;

/**
 * Draws what the queue hands out, one image after the other, on one platform thread of its own: native calls would
 * pin a virtual thread's carrier. While other images wait, an image's file is made beside the next one's networks. Ends
 * when the queue drains, after the images in hand.
 */
public final class InferenceWorker implements AutoCloseable {

    private final JobQueue queue;
    private final WorkQueue work;
    private final Pipelines pipelines;
    private final ImageEncoder encoder;
    private final ImageFinisher finisher;
    private final ComputeTurns turns;
    private final Thread thread;

    private InferenceWorker(JobQueue queue, Pipelines pipelines, ImageEncoder encoder, ComputeTurns turns) {
        this.queue = queue;
        this.work = queue.work();
        this.pipelines = pipelines;
        this.encoder = encoder;
        this.turns = turns;
        this.finisher = new ImageFinisher(queue.work(), encoder);
        this.thread = Thread.ofPlatform().name("inference-worker").unstarted(this::run);
    }

    /** @param turns that it takes with others who compute; between images it rests as they say */
    public static InferenceWorker start(JobQueue queue, Pipelines pipelines, ImageEncoder encoder, ComputeTurns turns) {
        InferenceWorker worker = new InferenceWorker(queue, pipelines, encoder, turns);
        worker.thread.start();
        return worker;
    }

    /** Waits up to {@code timeout} for the end; whether it came. Drain the queue first. */
    public boolean awaitEnd(Duration timeout) throws InterruptedException {
        return thread.join(timeout);
    }

    /** Drains the queue and waits for the image in hand. */
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
        try (finisher) {
            for (Optional<ImageTask> next = work.take(); next.isPresent(); next = work.take()) {
                try (ComputeTurns.Turn turn = turns.take()) {
                    draw(next.get());
                    turn.rest();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void draw(ImageTask task) {
        finisher.awaitImagesOf(task.job());
        Optional<ImageFinisher.Drawn> drawn = Optional.empty();
        try {
            if (work.begin(task)) {
                drawn = Optional.of(drawn(task));
            }
        } catch (RuntimeException | Error e) {
            finisher.fail(task, e);
        }
        drawn.ifPresentOrElse(finisher::finish, () -> work.done(task, Optional.empty()));
    }

    private ImageFinisher.Drawn drawn(ImageTask task) {
        Job job = task.job();
        TextToImage pipeline = pipelines.pipeline(job.spec().model());
        ModelInfo model = pipeline.model();
        long begin = System.nanoTime(); // loading a model says nothing of its next image
        Optional<Source> source = job.spec().source();
        Optional<ImageEdit> edit =
                source.map(from -> from.edit(job.spec().delivery().size(), model));
        ImageRequest request = edit.map(
                        one -> task.request().withSource(one.source(source.get().strength())))
                .orElseGet(task::request);
        ImageRequest following = job.spec()
                .control()
                .map(lines -> request.withControl(lines.image(model)))
                .orElse(request);
        GeneratedImage image = pipeline.generate(following, progressOf(task, model, edit), job.cancelToken());
        GeneratedImage finished = edit.map(one -> one.finish(image)).orElse(image);
        return new ImageFinisher.Drawn(task, model, finished, begin);
    }

    private ProgressListener progressOf(ImageTask task, ModelInfo model, Optional<ImageEdit> edit) {
        Delivery delivery = task.job().spec().delivery();
        return new ProgressListener() {
            private int previews;

            @Override
            public void onStage(Stage stage) {
                work.beginStage(task, stage);
            }

            @Override
            public void onStep(int step, int steps) {
                work.endStep(task, step, steps);
            }

            @Override
            public boolean wantsPreview(int step, int steps) {
                return delivery.hasPreviewAt(step, steps);
            }

            @Override
            public void onPreview(int step, GeneratedImage preview) {
                GeneratedImage sized = edit.map(one -> one.finish(preview)).orElseGet(() -> delivery.sized(preview));
                byte[] bytes = encoder.encode(sized, model, delivery.format(), delivery.quality(), false);
                work.addPreview(task, previews++, sized.width(), sized.height(), work.keep(bytes));
            }
        };
    }
}
