package dev.mobilediffusion.runtime.safety;

import dev.mobilediffusion.runtime.RgbImage;
import java.util.Optional;

/**
 * Resizing to the last bit as Pillow does it to 8-bit images (its {@code Resample.c}): columns first, then rows, whole
 * numbers with {@value #PRECISION_BITS} bits behind the point, and bytes between the two passes. Feature extractors
 * resize with it, and what a classifier says may hang on that. (Pillow 13 begins with the rows where they shrink more than
 * the columns, which only a config that names both sides can ask for; then bytes differ by a little.)
 */
enum PillowResize {
    LANCZOS(1, 3),
    BILINEAR(2, 1),
    BICUBIC(3, 2);

    private static final int COLOURS = 3;
    private static final int PRECISION_BITS = 22;

    private final int number; // Pillow's
    private final double support;

    PillowResize(int number, double support) {
        this.number = number;
        this.support = support;
    }

    /** The filter that Pillow, and so {@code preprocessor_config.json}, calls {@code number}. */
    static Optional<PillowResize> ofNumber(int number) {
        for (PillowResize each : values()) {
            if (each.number == number) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }

    RgbImage resize(RgbImage image, int width, int height) {
        byte[] narrow = new byte[image.height() * width * COLOURS]; // (image's height, width, 3)
        Taps columns = taps(image.width(), width);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < width; x++) {
                int from = (y * image.width() + columns.first[x]) * COLOURS;
                sum(image.rgb(), from, COLOURS, columns.weights[x], narrow, (y * width + x) * COLOURS);
            }
        }
        byte[] rgb = new byte[height * width * COLOURS];
        Taps rows = taps(image.height(), height);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = (rows.first[y] * width + x) * COLOURS;
                sum(narrow, from, width * COLOURS, rows.weights[y], rgb, (y * width + x) * COLOURS);
            }
        }
        return new RgbImage(width, height, rgb);
    }

    private static void sum(byte[] from, int at, int stride, int[] weights, byte[] to, int target) {
        for (int colour = 0; colour < COLOURS; colour++) {
            int sum = 1 << (PRECISION_BITS - 1);
            for (int tap = 0; tap < weights.length; tap++) {
                sum += (from[at + colour + tap * stride] & 0xff) * weights[tap];
            }
            to[target + colour] = (byte) Math.clamp(sum >> PRECISION_BITS, 0, 255);
        }
    }

    /**
     * Which samples of an axis each sample of the resized axis is made of.
     *
     * @param first of them, by target
     * @param weights of it and of those after it, by target, times 2^{@value #PRECISION_BITS}
     */
    private record Taps(int[] first, int[][] weights) {}

    private Taps taps(int from, int to) {
        double ratio = (double) from / to;
        double stretch = Math.max(1, ratio);
        int[] first = new int[to];
        int[][] weights = new int[to][];
        for (int position = 0; position < to; position++) {
            double centre = (position + 0.5) * ratio;
            first[position] = Math.max(0, (int) (centre - support * stretch + 0.5));
            int end = Math.min(from, (int) (centre + support * stretch + 0.5));
            double[] exact = new double[end - first[position]];
            double sum = 0;
            for (int tap = 0; tap < exact.length; tap++) {
                double distance = Math.abs((tap + first[position] - centre + 0.5) / stretch);
                exact[tap] = distance < support ? weight(distance) : 0;
                sum += exact[tap];
            }
            weights[position] = new int[exact.length];
            for (int tap = 0; tap < exact.length; tap++) {
                double weight = exact[tap] / sum * (1 << PRECISION_BITS);
                weights[position][tap] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
            }
        }
        return new Taps(first, weights);
    }

    /** Of a sample at a distance in [0, support). */
    private double weight(double distance) {
        double x = distance;
        return switch (this) {
            case LANCZOS -> sinc(x) * sinc(x / 3);
            case BILINEAR -> 1 - x;
            case BICUBIC -> x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
        };
    }

    private static double sinc(double x) {
        double angle = Math.PI * x;
        return angle == 0 ? 1 : Math.sin(angle) / angle;
    }
}
