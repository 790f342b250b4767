package dev.mobilediffusion.runtime;

import java.util.Objects;

/**
 * What image-to-image starts from, at the model's native size.
 *
 * @param image as large as the model draws
 * @param strength how much of it is drawn anew, in [0, 1]: the share of the steps that are walked, as in diffusers; at 1
 *     nothing of it is seen, at 0 it only goes through the VAE
 * @param mask (height, width) bytes, row by row: where above 127, the image is drawn anew, elsewhere it is held; empty
 *     when all of it is drawn anew
 * @param content what the masked part starts from
 */
public record SourceImage(RgbImage image, double strength, byte[] mask, MaskContent content) {

    /** Of a request that names none; diffusers' own. */
    public static final double DEFAULT_STRENGTH = 0.8;

    /**
     * What a request means that names no strength. A model of one step draws a masked part wholly anew: in its only step
     * it would leave specks of the noise in what it half keeps, and what is kept lies outside the mask anyway.
     */
    public static double defaultStrength(ModelInfo model, boolean masked) {
        return masked && model.defaultSteps() == 1 ? 1 : DEFAULT_STRENGTH;
    }

    /** What the part that is drawn anew starts from. */
    public enum MaskContent {
        /** What the image shows there. */
        ORIGINAL,
        /** Noise by the seed. */
        LATENT_NOISE,
        /** Latents of 0, a flat grey. */
        LATENT_NOTHING
    }

    public SourceImage {
        Objects.requireNonNull(image, "picture");
        Objects.requireNonNull(content, "content");
        if (!(strength >= 0 && strength <= 1)) {
            throw InferenceException.invalid("strength", "strength must be in [0, 1], got %s", strength);
        }
        if (mask.length != 0 && mask.length != image.width() * image.height()) {
            throw new IllegalArgumentException(
                    "a mask of %s pixels for a picture of %sx%s".formatted(mask.length, image.width(), image.height()));
        }
    }

    /** The whole image, to be drawn anew. */
    public static SourceImage of(RgbImage image, double strength) {
        return new SourceImage(image, strength, new byte[0], MaskContent.ORIGINAL);
    }

    public boolean isMasked() {
        return mask.length > 0;
    }
}
