package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A model that "draws" a plain 16x16 square whose colour tells the seed: at once, or image by image as a test
 * allows; previews after step k have colour -1 - k. The prompt {@code "boom"} breaks it, {@code "oom"} throws an error, and {@code "what is a xyzzy"} warns.
 */
public final class FakePipeline implements TextToImage {

    public static final int SIDE = 16;
    public static final ModelInfo MODEL = model(SIDE);

    private volatile boolean gated;
    private final Semaphore allowed = new Semaphore(0);
    private final BlockingQueue<ImageRequest> started = new LinkedBlockingQueue<>();
    private final List<ImageRequest> finished = new CopyOnWriteArrayList<>();
    private volatile boolean closed;
    private volatile boolean anyText;

    private FakePipeline(boolean gated) {
        this.gated = gated;
    }

    /** What a model that draws squares of {@code side} pixels tells of itself. */
    static ModelInfo model(int side) {
        return new ModelInfo(
                "fake",
                side,
                side,
                4,
                3.0,
                false,
                "EulerDiscreteScheduler",
                1234,
                List.of("house", "red"),
                Map.of("buildings", List.of("house")),
                "Apache-2.0",
                "ab".repeat(32));
    }

    /** {@code request} with the model's own settings where it leaves them open. */
    static ImageRequest filled(ImageRequest request) {
        return request.withSteps(request.steps().orElse(MODEL.defaultSteps()))
                .withGuidanceScale(request.guidanceScale().orElse(MODEL.defaultGuidanceScale()));
    }

    /** Draws at once. */
    public static FakePipeline quick() {
        return new FakePipeline(false);
    }

    /** Waits inside the UNet until {@link #allow} lets the image finish. */
    public static FakePipeline gated() {
        return new FakePipeline(true);
    }

    /** From now on it waits for {@link #allow}, too. */
    public void hold() {
        allowed.drainPermits();
        gated = true;
    }

    /** From now on it says that it was not taught words one by one, as large models say. */
    public void takeAnyText(boolean value) {
        anyText = value;
    }

    public void allow(int images) {
        allowed.release(images);
    }

    /** Waits until the next image has begun, and which it is. */
    public ImageRequest awaitStart() throws InterruptedException {
        ImageRequest request = started.poll(20, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("no picture began within 20 s");
        }
        return request;
    }

    /** Images that were drawn to the end, in order. */
    public List<ImageRequest> finished() {
        return finished;
    }

    /** Forgets the images so far. */
    public void forget() {
        started.clear();
        finished.clear();
    }

    public boolean hasStarted() {
        return !started.isEmpty();
    }

    public boolean isClosed() {
        return closed;
    }

    @Override
    public ModelInfo model() {
        return anyText ? MODEL.withThings(List.of(), Map.of()) : MODEL;
    }

    @Override
    public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
        int steps = request.steps().orElse(MODEL.defaultSteps());
        started.add(request);
        progress.onStage(Stage.TEXT_ENCODER);
        fail(request);
        progress.onStage(Stage.UNET);
        for (int step = 1; step <= steps; step++) {
            cancel.throwIfCancelled();
            progress.onStep(step, steps);
            if (step < steps && progress.wantsPreview(step, steps)) {
                progress.onPreview(step, square(request, -1 - step, StageTimings.NONE));
            }
        }
        awaitPermission(cancel);
        progress.onStage(Stage.VAE_DECODER);
        cancel.throwIfCancelled();
        ImageRequest drawn = filled(request);
        finished.add(drawn);
        StageTimings timings = StageTimings.NONE
                .with(Stage.TOKENIZE, Duration.ofMillis(1))
                .with(Stage.TEXT_ENCODER, Duration.ofMillis(2))
                .with(Stage.UNET, Duration.ofMillis(30))
                .with(Stage.VAE_DECODER, Duration.ofMillis(4));
        List<String> warnings = request.prompt().contains("xyzzy") ? List.of("unknown word: xyzzy") : List.of();
        GeneratedImage square = square(drawn, request.seed(), timings);
        return new GeneratedImage(SIDE, SIDE, square.rgb(), drawn, timings, warnings);
    }

    private static GeneratedImage square(ImageRequest request, long colour, StageTimings timings) {
        byte[] rgb = new byte[SIDE * SIDE * 3];
        Arrays.fill(rgb, (byte) colour);
        return new GeneratedImage(SIDE, SIDE, rgb, request, timings, List.of());
    }

    @Override
    public void close() {
        closed = true;
    }

    private static void fail(ImageRequest request) {
        switch (request.prompt()) {
            case "boom" ->
                throw new InferenceException(
                        InferenceException.Code.INFERENCE_FAILED, "ORT_FAIL: /secret/path/model.onnx");
            case "oom" -> throw new OutOfMemoryError("not really");
            case "picky" -> throw InferenceException.invalid("prompt", "prompt must not be picky");
            default -> {}
        }
    }

    private void awaitPermission(CancelToken cancel) {
        try {
            while (gated && !allowed.tryAcquire(2, TimeUnit.MILLISECONDS)) {
                cancel.throwIfCancelled();
            }
            if (gated && cancel.isCancelled()) {
                allowed.release(); // was meant for an image that finishes
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a worker", e);
        }
    }
}
