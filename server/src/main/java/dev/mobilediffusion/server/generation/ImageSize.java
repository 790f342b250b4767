package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.server.error.ApiException;

/**
 * Width and height of a delivered image.
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

    /** Whether a side may have that many pixels. */
    public static boolean isAllowed(long pixels) {
        return pixels >= MIN_PIXELS && pixels <= MAX_PIXELS;
    }

    /** A size that was asked for; refused by the name that the API has for the side. */
    static ImageSize of(long width, long height, FieldNames names) {
        require(names.of(Field.WIDTH), "width", width);
        require(names.of(Field.HEIGHT), "height", height);
        return new ImageSize((int) width, (int) height);
    }

    private static void require(String field, String side, long value) {
        if (!isAllowed(value)) {
            throw ApiException.invalid(
                    field, "%s must be in [%d, %d] pixels, got %d", side, MIN_PIXELS, MAX_PIXELS, value);
        }
    }

    private static void requireInRange(String name, int value) {
        if (!isAllowed(value)) {
            throw new IllegalArgumentException(
                    "%s must be in [%s, %s] pixels, got %s".formatted(name, MIN_PIXELS, MAX_PIXELS, value));
        }
    }

    @Override
    public String toString() {
        return width + "x" + height;
    }
}
