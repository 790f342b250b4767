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
 * @param beside all other time that the next image had to wait for: text encoder, decoder, perhaps the file
 */
public record DrawCost(ModelInfo model, int unetCalls, Duration unet, Duration beside) {

    /** @param took from the first network to the moment at which the worker was free again */
    public static DrawCost of(ModelInfo model, GeneratedImage image, Duration took) {
        Duration unet = image.timings().of(Stage.UNET);
        Duration beside = took.minus(unet);
        return new DrawCost(
                model, unetCalls(image.request(), model), unet, beside.isNegative() ? Duration.ZERO : beside);
    }

    /** How often the UNet has to be called: each step once, with guidance twice. */
    static int unetCalls(ImageRequest request, ModelInfo model) {
        int steps = request.steps().orElse(model.defaultSteps());
        double strength = request.source().map(SourceImage::strength).orElse(1.0);
        int walked = strength == 0 ? 0 : Math.max(1, (int) (steps * strength));
        boolean guided = !model.guidanceBakedIn() && request.guidanceScale().orElse(model.defaultGuidanceScale()) > 1;
        return guided ? 2 * walked : walked;
    }
}
