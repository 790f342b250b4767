package dev.mobilediffusion.runtime;

import java.util.Objects;
import java.util.Optional;

/**
 * A picture whose lines the drawn image follows, by a control network of the model (Zhang et al. 2023, arXiv 2302.05543).
 *
 * @param image as large as the model draws
 * @param scale how strongly it is followed, in [0, {@value #MAX_SCALE}]; 0 is not at all
 * @param control the control network's name; empty for the model's only one
 * @param preprocessor what makes a control image of it; empty for what the network names
 */
public record ControlImage(
        RgbImage image, double scale, Optional<String> control, Optional<Preprocessor> preprocessor) {

    public static final int MAX_SCALE = 2;

    /** Of a request that names none; diffusers' own. */
    public static final double DEFAULT_SCALE = 1;

    public ControlImage {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(control, "control");
        Objects.requireNonNull(preprocessor, "preprocessor");
        if (!(scale >= 0 && scale <= MAX_SCALE)) {
            throw InferenceException.invalid(
                    "control_scale", "control_scale must be in [0, %d], got %s", MAX_SCALE, scale);
        }
    }

    /** By the model's only control network, which names its preprocessor. */
    public static ControlImage of(RgbImage image, double scale) {
        return new ControlImage(image, scale, Optional.empty(), Optional.empty());
    }
}
