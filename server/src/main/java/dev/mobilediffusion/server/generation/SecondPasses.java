package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.server.error.ApiException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Second passes as requests ask for them: their defaults and bounds, once for all APIs. */
public final class SecondPasses {

    /** By how much a side may grow. */
    public static final int MAX_FACTOR = 8;

    private SecondPasses() {}

    /** How much of the larger image is drawn anew, in [0, 1]; absent where it is absent. */
    public static OptionalDouble strength(OptionalDouble value, String field) {
        if (value.isPresent() && !(value.getAsDouble() >= 0 && value.getAsDouble() <= 1)) {
            throw ApiException.invalid(field, "%s must be in [0, 1], got %s", field, value.getAsDouble());
        }
        return value;
    }

    /**
     * An image of {@code factor} times {@code width} by {@code height} pixels.
     *
     * @param field that is to blame when {@code factor} is not in [1, {@value #MAX_FACTOR}], or gives too large an image
     * @param strength how much is drawn anew; nothing where absent
     * @throws ApiException INVALID_REQUEST that names the field
     */
    public static SecondPass larger(
            int width,
            int height,
            double factor,
            String field,
            Optional<String> upscaler,
            OptionalDouble strength,
            OptionalInt steps) {
        if (!(factor >= 1 && factor <= MAX_FACTOR)) {
            throw ApiException.invalid(field, "%s must be in [1, %d], got %s", field, MAX_FACTOR, factor);
        }
        return exactly(Math.round(width * factor), Math.round(height * factor), field, upscaler, strength, steps);
    }

    /** As {@link #larger}, of exactly that size. */
    public static SecondPass exactly(
            long width,
            long height,
            String field,
            Optional<String> upscaler,
            OptionalDouble strength,
            OptionalInt steps) {
        if (!ImageSize.isAllowed(width) || !ImageSize.isAllowed(height)) {
            throw ApiException.invalid(
                    field,
                    "%s must give pictures of [%d, %d] pixels a side, got %d x %d",
                    field,
                    ImageSize.MIN_PIXELS,
                    ImageSize.MAX_PIXELS,
                    width,
                    height);
        }
        return new SecondPass((int) width, (int) height, upscaler.orElse(""), strength.orElse(0), steps);
    }
}
