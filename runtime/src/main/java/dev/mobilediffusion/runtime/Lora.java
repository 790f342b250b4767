package dev.mobilediffusion.runtime;

import java.util.Objects;

/**
 * A low-rank adaptation (Hu et al. 2021, arXiv 2106.09685) that an image is drawn with.
 *
 * @param name of its file, without {@code .safetensors}
 * @param weight how strongly it is applied, in [-{@value #MAX_WEIGHT}, {@value #MAX_WEIGHT}]
 */
public record Lora(String name, double weight) {

    public static final int MAX_WEIGHT = 10;

    /** Of one image. */
    public static final int MAX_COUNT = 8;

    public Lora {
        Objects.requireNonNull(name, "name");
        if (!(Math.abs(weight) <= MAX_WEIGHT)) {
            throw InferenceException.invalid(
                    "loras",
                    "loras: the weight of %s must be in [-%d, %d], got %s",
                    name,
                    MAX_WEIGHT,
                    MAX_WEIGHT,
                    weight);
        }
    }
}
