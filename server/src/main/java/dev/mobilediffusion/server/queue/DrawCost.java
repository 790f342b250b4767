package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.Stage;
import java.time.Duration;

/**
 * What a drawn image took of the worker's time.
 *
 * @param model that drew it
 * @param unetCalls calls of the UNet, 0 or more
 * @param unet time in those
 * @param beside all other time that the next image had to wait for: text encoder, decoder, perhaps the file; of an
 *     image in two passes the mean of the first and of each tile
 */
public record DrawCost(ModelInfo model, int unetCalls, Duration unet, Duration beside) {

    /** @param took from the first network to the moment at which the worker was free again */
    public static DrawCost of(ModelInfo model, GeneratedImage image, Duration took) {
        Duration unet = image.timings().of(Stage.UNET);
        Duration beside = took.minus(unet).dividedBy(passes(image.request(), model));
        return new DrawCost(
                model, unetCalls(image.request(), model), unet, beside.isNegative() ? Duration.ZERO : beside);
    }

    /** How often the UNet has to be called: each step once, with guidance twice. */
    static int unetCalls(ImageRequest request, ModelInfo model) {
        int steps = request.steps().orElse(model.defaultSteps());
        int walked = walked(steps, request.source().map(SourceImage::strength).orElse(1.0))
                + request.secondPass()
                        .map(pass -> pass.tiles(model) * walked(pass.steps().orElse(steps), pass.strength()))
                        .orElse(0);
        boolean guided = !model.guidanceBakedIn() && request.guidanceScale().orElse(model.defaultGuidanceScale()) > 1;
        return guided ? 2 * walked : walked;
    }

    private static int walked(int steps, double strength) {
        return strength == 0 ? 0 : Math.max(1, (int) (steps * strength));
    }

    /** How often the other networks are called, once where there is no second pass. */
    static int passes(ImageRequest request, ModelInfo model) {
        return 1 + request.secondPass().map(pass -> pass.tiles(model)).orElse(0);
    }
}
