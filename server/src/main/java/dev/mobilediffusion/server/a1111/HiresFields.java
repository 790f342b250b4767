package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.SecondPasses;
import dev.mobilediffusion.server.wire.Fields;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The fields of A1111's hires fix, with A1111's defaults: a second pass of txt2img at a larger size. */
final class HiresFields {

    private static final double SCALE = 2;
    private static final double STRENGTH = 0.75;

    private HiresFields() {}

    /**
     * @param width of the first pass in pixels, as it was asked for
     * @param height likewise
     */
    static SecondPass secondPass(Fields fields, int width, int height) {
        int toWidth = fields.count("hr_resize_x").orElse(0);
        int toHeight = fields.count("hr_resize_y").orElse(0);
        double scale = fields.real("hr_scale").orElse(SCALE);
        if (toWidth > 0 || toHeight > 0) {
            scale = Math.max((double) toWidth / width, (double) toHeight / height);
        }
        boolean exact = toWidth > 0 && toHeight > 0;
        return SecondPasses.exactly(
                exact ? toWidth : Math.round(width * scale),
                exact ? toHeight : Math.round(height * scale),
                "hr_scale",
                upscaler(fields.lenientText("hr_upscaler").orElse("")),
                SecondPasses.strength(
                        OptionalDouble.of(fields.real("denoising_strength").orElse(STRENGTH)), "denoising_strength"),
                steps(fields.count("hr_second_pass_steps").orElse(0)));
    }

    /** A1111's modes that enlarge latents have no like here: the usual upscaler enlarges pixels. */
    private static Optional<String> upscaler(String name) {
        String lower = name.strip().toLowerCase(Locale.ROOT);
        if (lower.startsWith("latent")) {
            return Optional.empty();
        }
        return lower.equals("none") || lower.equals("nearest")
                ? Optional.of(Upscalers.LANCZOS)
                : Optional.of(name.strip());
    }

    /** 0 means those of the first pass. */
    private static OptionalInt steps(int steps) {
        if (steps < 0 || steps > ImageRequest.MAX_STEPS) {
            throw ApiException.invalid(
                    "hr_second_pass_steps",
                    "hr_second_pass_steps must be in [0, %d], got %d",
                    ImageRequest.MAX_STEPS,
                    steps);
        }
        return steps == 0 ? OptionalInt.empty() : OptionalInt.of(steps);
    }
}
