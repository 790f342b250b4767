package dev.mobilediffusion.runtime.upscale;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.image.ResizeMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model that follows {@link ImageRequest#secondPass}: draws at its own size, enlarges, and draws that anew in tiles.
 * Each tile starts from what its neighbours have become, and fades into them, so that no seam is left. For one thread at
 * a time.
 *
 * <pre>{@code
 * TextToImage model = new TwoPassPipeline(TextToImagePipeline.load(folder, options), upscalers, true);
 * model.generate(request.withSecondPass(Optional.of(new SecondPass(1024, 1024, "", 0.3, OptionalInt.empty()))), …);
 * }</pre>
 */
public final class TwoPassPipeline implements TextToImage {

    private final TextToImage model;
    private final Upscalers upscalers;
    private final boolean readsImages;

    /**
     * @param model owned by this from now on
     * @param readsImages whether it draws images anew; where it does not, the second pass only enlarges, and warns
     */
    public TwoPassPipeline(TextToImage model, Upscalers upscalers, boolean readsImages) {
        this.model = model;
        this.upscalers = upscalers;
        this.readsImages = readsImages;
    }

    @Override
    public ModelInfo model() {
        return model.model();
    }

    @Override
    public GeneratedImage generate(ImageRequest request, ProgressListener progress, CancelToken cancel) {
        Optional<SecondPass> wanted = request.secondPass();
        ImageRequest first = request.withSecondPass(Optional.empty());
        if (wanted.isEmpty()) {
            return model.generate(first, progress, cancel);
        }
        if (request.source().isPresent()) {
            throw InferenceException.invalid("image", "a second pass is for pictures that are drawn from words");
        }
        StepCount steps = new StepCount(progress);
        return larger(model.generate(first, steps, cancel), wanted.get(), steps, cancel);
    }

    private GeneratedImage larger(GeneratedImage drawn, SecondPass pass, StepCount steps, CancelToken cancel) {
        List<String> warnings = new ArrayList<>(drawn.warnings());
        long begin = System.nanoTime();
        RgbImage canvas = enlarged(new RgbImage(drawn.width(), drawn.height(), drawn.rgb()), pass, warnings, cancel);
        Duration enlarging = Duration.ofNanos(System.nanoTime() - begin);
        StageTimings timings = drawn.timings().plus(StageTimings.NONE.with(Stage.VAE_DECODER, enlarging));
        int tiles = pass.tiles(model());
        if (tiles > 0 && readsImages) {
            steps.beginTiles(tiles);
            timings = timings.plus(redraw(canvas, drawn.request(), pass, warnings, steps, cancel));
        } else if (pass.strength() > 0) {
            warnings.add("the second pass only enlarged the picture: the model %s %s"
                    .formatted(
                            model().name(),
                            tiles > 0
                                    ? "draws from words alone"
                                    : "was taught whole scenes, and would draw one in each part of it"));
        }
        RgbImage finished = ResizeMode.JUST_RESIZE.fit(canvas, pass.width(), pass.height());
        return new GeneratedImage(
                finished.width(),
                finished.height(),
                finished.rgb(),
                drawn.request().withSecondPass(Optional.of(pass)),
                timings,
                warnings);
    }

    /** The image's middle, as large as the tiles need it. */
    private RgbImage enlarged(RgbImage image, SecondPass pass, List<String> warnings, CancelToken cancel) {
        int width = pass.canvasWidth(model());
        int height = pass.canvasHeight(model());
        double zoom = Math.max((double) width / image.width(), (double) height / image.height());
        RgbImage part = ResizeMode.CROP_AND_RESIZE.fit(
                image,
                Math.clamp(Math.round(width / zoom), 1, image.width()),
                Math.clamp(Math.round(height / zoom), 1, image.height()));
        String upscaler = upscalers.named(pass.upscaler()).orElseGet(() -> {
            warnings.add("there is no such upscaler, so %s enlarged the picture".formatted(upscalers.usual()));
            return upscalers.usual();
        });
        try {
            return upscalers.enlarge(upscaler, part, width, height, cancel);
        } catch (InferenceException refused) {
            if (refused.code() != InferenceException.Code.INVALID_REQUEST) {
                throw refused;
            }
            warnings.add("%s would have made the picture too large on the way, so %s enlarged it"
                    .formatted(upscaler, Upscalers.LANCZOS));
            return upscalers.enlarge(Upscalers.LANCZOS, part, width, height, cancel);
        }
    }

    private StageTimings redraw(
            RgbImage canvas,
            ImageRequest drawn,
            SecondPass pass,
            List<String> warnings,
            StepCount steps,
            CancelToken cancel) {
        ImageRequest request = drawn.withoutControl()
                .withSteps(pass.steps().orElse(drawn.steps().orElseThrow()));
        int width = model().width();
        int height = model().height();
        StageTimings timings = StageTimings.NONE;
        int fromAbove = 0;
        int tile = 0;
        for (int top : SecondPass.starts(canvas.height(), height)) {
            int fromLeft = 0;
            for (int left : SecondPass.starts(canvas.width(), width)) {
                cancel.throwIfCancelled();
                Tile place = new Tile(canvas, left, top, width, height);
                // Of the same noise in each tile a pattern would be left that repeats
                ImageRequest one = request.withSeed((drawn.seed() + ++tile) & Long.MAX_VALUE)
                        .withSource(SourceImage.of(place.cut(), pass.strength()));
                GeneratedImage anew = model.generate(one, steps, cancel);
                place.fadeIn(anew.rgb(), fromLeft - left, fromAbove - top);
                timings = timings.plus(anew.timings());
                anew.warnings().stream()
                        .filter(told -> !warnings.contains(told))
                        .forEach(warnings::add);
                fromLeft = left + width;
            }
            fromAbove = top + height;
        }
        return timings;
    }

    @Override
    public void close() {
        model.close();
    }
}
