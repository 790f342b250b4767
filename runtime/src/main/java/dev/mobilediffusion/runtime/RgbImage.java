package dev.mobilediffusion.runtime;

import java.util.Objects;

/**
 * An image in memory, to be changed.
 *
 * @param width in pixels
 * @param height in pixels
 * @param rgb (height, width, 3) bytes, row by row; not copied
 */
public record RgbImage(int width, int height, byte[] rgb) {

    public RgbImage {
        Objects.requireNonNull(rgb, "rgb");
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    "%sx%s pixels need %s bytes, got %s".formatted(width, height, 3L * width * height, rgb.length));
        }
    }
}
