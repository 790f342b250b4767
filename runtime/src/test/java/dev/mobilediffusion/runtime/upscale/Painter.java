package dev.mobilediffusion.runtime.upscale;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Draws a shaded square from words, and makes of a picture what the test says. */
final class Painter implements TextToImage {

    static final int SIDE = 64;

    final List<ImageRequest> asked = new ArrayList<>();
    private final int side;
    private final List<String> words;
    private final UnaryOperator<RgbImage> anew;
    boolean closed;

    Painter(List<String> words, UnaryOperator<RgbImage> anew) {
        this(SIDE, words, anew);
    }

    Painter(int side, List<String> words, UnaryOperator<RgbImage> anew) {
        this.side = side;
        this.words = words;
        this.anew = anew;
    }

    @Override
    public ModelInfo model() {
        return new ModelInfo("painter", side, side, 2, 1, true, "Euler", 0, words, Map.of(), "", "00");
    }

    @Override
    public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
        asked.add(request);
        int steps = request.steps().orElse(2);
        progress.onStage(Stage.UNET);
        for (int step = 1; step <= steps; step++) {
            cancel.throwIfCancelled();
            progress.onStep(step, steps);
        }
        progress.onStage(Stage.VAE_DECODER);
        RgbImage image = request.source().map(SourceImage::image).map(anew).orElseGet(this::shades);
        StageTimings timings = StageTimings.NONE.with(Stage.UNET, Duration.ofMillis(steps));
        return new GeneratedImage(
                image.width(),
                image.height(),
                image.rgb(),
                request.withSteps(steps).withGuidanceScale(1),
                timings,
                List.of());
    }

    /** From dark at the left to light at the right, and a little from above to below. */
    private RgbImage shades() {
        byte[] rgb = new byte[3 * side * side];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (40 + 128 * (i / 3 % side) / side + 64 * (i / 3 / side) / side);
        }
        return new RgbImage(side, side, rgb);
    }

    @Override
    public void close() {
        closed = true;
    }
}
