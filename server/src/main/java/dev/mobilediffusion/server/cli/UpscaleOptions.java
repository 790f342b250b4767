package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.server.generation.ImageSize;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** A picture larger than the model draws, on the command line. */
final class UpscaleOptions {

    @Option(
            names = "--upscale",
            paramLabel = "X",
            converter = OptionValues.Upscale.class,
            description = "How many times as wide and high as the model draws, 1 to 8.")
    private Double factor;

    @Option(
            names = "--upscaler",
            paramLabel = "NAME",
            description = "What enlarges it: Lanczos, or a network in the folder upscalers of the models' folder."
                    + " Default: the first of those.")
    private String upscaler;

    @Option(
            names = "--upscale-strength",
            paramLabel = "X",
            converter = OptionValues.Strength.class,
            description = "How much of the larger picture is drawn anew, in tiles, 0 to 1. Default: 0, nothing.")
    private Double strength;

    /** Refuses what means nothing without {@code --upscale}. */
    void check(CommandLine command) {
        if (factor == null && (upscaler != null || strength != null)) {
            String lonely = upscaler != null ? "--upscaler" : "--upscale-strength";
            throw new ParameterException(command, lonely + " wants --upscale");
        }
    }

    ImageRequest applied(ImageRequest request, ModelInfo model, CommandLine command) {
        if (factor == null) {
            return request;
        }
        long width = Math.round(model.width() * factor);
        long height = Math.round(model.height() * factor);
        if (!ImageSize.isAllowed(width) || !ImageSize.isAllowed(height)) {
            throw new ParameterException(
                    command,
                    "--upscale must give pictures of at most %s pixels a side, got %s x %s"
                            .formatted(ImageSize.MAX_PIXELS, width, height));
        }
        return request.withSecondPass(Optional.of(new SecondPass(
                (int) width,
                (int) height,
                upscaler == null ? "" : upscaler,
                strength == null ? 0 : strength,
                OptionalInt.empty())));
    }
}
