package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.SecondPasses;
import dev.mobilediffusion.server.wire.Fields;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/** The fields of {@code /v1} about an image that is to be larger than its model draws. */
final class UpscaleFields {

    static final Set<String> NAMES = Set.of("upscale", "upscaler", "upscale_strength");

    private UpscaleFields() {}

    /**
     * @param width of the image without, in pixels
     * @param height likewise
     * @param fromWords whether it is drawn from words alone
     */
    static Optional<SecondPass> of(Fields fields, int width, int height, boolean fromWords) {
        OptionalDouble factor = fields.real("upscale");
        Optional<String> upscaler = fields.text("upscaler");
        OptionalDouble strength = fields.real("upscale_strength");
        if (factor.isEmpty()) {
            return Optional.empty();
        }
        if (!fromWords) {
            throw ApiException.invalid(
                    "upscale", "upscale is for pictures drawn from words; POST /v1/images/upscale enlarges any");
        }
        return Optional.of(SecondPasses.larger(
                width,
                height,
                factor.getAsDouble(),
                "upscale",
                upscaler,
                SecondPasses.strength(strength, "upscale_strength"),
                OptionalInt.empty()));
    }
}
