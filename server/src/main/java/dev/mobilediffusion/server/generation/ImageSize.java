package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.server.error.ApiException;

/**
 * Width and height of a delivered picture.
 *
 * @param width in pixels, in [{@value #MIN_PIXELS}, {@value #MAX_PIXELS}]
 * @param height in pixels, in [{@value #MIN_PIXELS}, {@value #MAX_PIXELS}]
 */
public record ImageSize(int width, int height) {

    public static final int MIN_PIXELS = 16;
    public static final int MAX_PIXELS = 2048;

    public ImageSize {
        requireInRange("width", width);
        requireInRange("height", height);
    }

    private static void requireInRange(String name, int value) {
        if (value < MIN_PIXELS || value > MAX_PIXELS) {
            throw ApiException.invalid(
                    "size", "%s must be in [%d, %d] pixels, got %d", name, MIN_PIXELS, MAX_PIXELS, value);
        }
    }

    @Override
    public String toString() {
        return width + "x" + height;
    }
}
