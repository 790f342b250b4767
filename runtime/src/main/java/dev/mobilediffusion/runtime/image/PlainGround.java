package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.RgbImage;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;

/**
 * Takes a ground of one colour away from around a thing: what is like the border's colour and can be reached from the border.
 * A hole of that colour inside the thing stays.
 */
final class PlainGround {

    private static final int ALIKE = 28; // of 255, the largest difference of a channel: JPEG's noise and soft shadows
    private static final double UNIFORM = 0.92; // share of the border that must be alike
    private static final double LEAST_LEFT = 0.004; // share of the picture that the thing must have

    private final RgbImage image;
    private final int[] ground; // its colour
    private final boolean[] cleared;

    /** The thing over white, and how much of it is there, as {@link ImageFileReader.Read} has it. */
    record Freed(RgbImage image, byte[] alpha) {}

    private PlainGround(RgbImage image, int[] ground) {
        this.image = image;
        this.ground = ground;
        this.cleared = new boolean[image.width() * image.height()];
    }

    /** Empty where the border has several colours, or nothing would be left. */
    static Optional<Freed> takenAway(RgbImage image) {
        int[] border = border(image.width(), image.height());
        PlainGround plain = new PlainGround(image, median(image, border));
        long alike = Arrays.stream(border).filter(plain::isAlike).count();
        if (alike < UNIFORM * border.length) {
            return Optional.empty();
        }
        long cleared = plain.flood(border);
        return cleared > (1 - LEAST_LEFT) * plain.cleared.length ? Optional.empty() : Optional.of(plain.freed());
    }

    private static int[] border(int width, int height) {
        int[] border = new int[2 * (width + height)];
        int at = 0;
        for (int x = 0; x < width; x++) {
            border[at++] = x;
            border[at++] = (height - 1) * width + x;
        }
        for (int y = 0; y < height; y++) {
            border[at++] = y * width;
            border[at++] = y * width + width - 1;
        }
        return border;
    }

    private static int[] median(RgbImage image, int[] pixels) {
        int[] median = new int[3];
        for (int colour = 0; colour < 3; colour++) {
            int channel = colour;
            int[] sorted = Arrays.stream(pixels)
                    .map(pixel -> image.rgb()[3 * pixel + channel] & 0xff)
                    .sorted()
                    .toArray();
            median[colour] = sorted[sorted.length / 2];
        }
        return median;
    }

    private boolean isAlike(int pixel) {
        for (int colour = 0; colour < 3; colour++) {
            if (Math.abs((image.rgb()[3 * pixel + colour] & 0xff) - ground[colour]) > ALIKE) {
                return false;
            }
        }
        return true;
    }

    /** @return how many pixels were cleared */
    private long flood(int[] border) {
        Deque<Integer> open = new ArrayDeque<>();
        long count = 0;
        for (int pixel : border) {
            count += clear(pixel, open);
        }
        int width = image.width();
        while (!open.isEmpty()) {
            int pixel = open.pop();
            int x = pixel % width;
            count += x > 0 ? clear(pixel - 1, open) : 0;
            count += x < width - 1 ? clear(pixel + 1, open) : 0;
            count += pixel >= width ? clear(pixel - width, open) : 0;
            count += pixel + width < cleared.length ? clear(pixel + width, open) : 0;
        }
        return count;
    }

    private int clear(int pixel, Deque<Integer> open) {
        if (cleared[pixel] || !isAlike(pixel)) {
            return 0;
        }
        cleared[pixel] = true;
        open.push(pixel);
        return 1;
    }

    /** A pixel at the edge is half the thing's and half the ground's. */
    private Freed freed() {
        byte[] rgb = image.rgb().clone();
        byte[] alpha = new byte[cleared.length];
        for (int pixel = 0; pixel < cleared.length; pixel++) {
            int share = cleared[pixel] ? 0 : isEdge(pixel) ? 128 : 255;
            alpha[pixel] = (byte) share;
            for (int colour = 0; colour < 3; colour++) {
                int value = rgb[3 * pixel + colour] & 0xff;
                int white = share == 0 ? 255 : value + (255 - ground[colour]) * (255 - share) / 255;
                rgb[3 * pixel + colour] = (byte) Math.clamp(white, 0, 255);
            }
        }
        return new Freed(new RgbImage(image.width(), image.height(), rgb), alpha);
    }

    private boolean isEdge(int pixel) {
        int width = image.width();
        int x = pixel % width;
        return (x > 0 && cleared[pixel - 1])
                || (x < width - 1 && cleared[pixel + 1])
                || (pixel >= width && cleared[pixel - width])
                || (pixel + width < cleared.length && cleared[pixel + width]);
    }
}
