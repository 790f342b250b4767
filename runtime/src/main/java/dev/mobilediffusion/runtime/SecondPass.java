package dev.mobilediffusion.runtime;

import java.util.Objects;
import java.util.OptionalInt;

/**
 * How an image becomes larger than its model draws, as A1111's hires fix: enlarged, then drawn anew part by part. The
 * parts, called tiles, have the model's native size and overlap by an eighth of it at least.
 *
 * @param width of the finished image in pixels, positive
 * @param height likewise
 * @param upscaler that enlarges it; empty for the usual one
 * @param strength how much is drawn anew, in [0, 1], as {@link SourceImage#strength}; at 0 the image is only enlarged
 * @param steps of each tile, in [1, {@value ImageRequest#MAX_STEPS}]; those of the first pass where empty
 */
public record SecondPass(int width, int height, String upscaler, double strength, OptionalInt steps) {

    private static final int OVERLAP = 8; // part of a tile

    public SecondPass {
        Objects.requireNonNull(upscaler, "upscaler");
        Objects.requireNonNull(steps, "steps");
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("sides must be positive, got %s x %s".formatted(width, height));
        }
        if (!(strength >= 0 && strength <= 1)) {
            throw InferenceException.invalid("strength", "strength must be in [0, 1], got %s", strength);
        }
        if (steps.isPresent() && (steps.getAsInt() < 1 || steps.getAsInt() > ImageRequest.MAX_STEPS)) {
            throw InferenceException.invalid(
                    "steps", "steps must be in [1, %d], got %d", ImageRequest.MAX_STEPS, steps.getAsInt());
        }
    }

    /**
     * Tiles that are drawn for an image of {@code model}; 0 where it is only enlarged. A model of few words was taught whole
     * scenes: it draws the scene once more in each tile, whatever the strength.
     */
    public int tiles(ModelInfo model) {
        if (strength == 0 || !model.knownWords().isEmpty()) {
            return 0;
        }
        return starts(canvasWidth(model), model.width()).length * starts(canvasHeight(model), model.height()).length;
    }

    /** What the tiles cover: the finished image's shape, no side shorter than a tile. */
    public int canvasWidth(ModelInfo model) {
        return (int) Math.max(model.width(), Math.round(width * zoom(model)));
    }

    /** As {@link #canvasWidth}. */
    public int canvasHeight(ModelInfo model) {
        return (int) Math.max(model.height(), Math.round(height * zoom(model)));
    }

    private double zoom(ModelInfo model) {
        return Math.max(1, Math.max((double) model.width() / width, (double) model.height() / height));
    }

    /** Where tiles of {@code side} pixels begin along {@code length} of them, spread evenly from one end to the other. */
    public static int[] starts(int length, int side) {
        int stride = Math.max(1, side - side / OVERLAP);
        int count = Math.ceilDiv(length - side, stride) + 1;
        int[] starts = new int[count];
        for (int i = 1; i < count; i++) {
            starts[i] = (int) Math.round((double) i * (length - side) / (count - 1));
        }
        return starts;
    }
}
