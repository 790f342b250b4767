package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.RgbImage;
import java.util.Arrays;

/**
 * Scales an image with a Lanczos filter of three lobes, rows first, then columns. A model draws well at the size it was
 * trained for alone, so other sizes are made from that one.
 */
public final class Resampler {

    private static final double LOBES = 3;

    private Resampler() {}

    /**
     * The middle of the image at exactly {@code width} by {@code height} pixels: as much of it as has that shape, so
     * that nothing is stretched. The very same image when that is its size.
     */
    public static GeneratedImage resample(GeneratedImage image, int width, int height) {
        if (image.width() == width && image.height() == height) {
            return image;
        }
        RgbImage source = new RgbImage(image.width(), image.height(), image.rgb());
        byte[] rgb = scale(source, Area.middle(image.width(), image.height(), width, height), width, height)
                .rgb();
        return new GeneratedImage(width, height, rgb, image.request(), image.timings(), image.warnings());
    }

    /** A part of an image at {@code width} by {@code height} pixels. */
    static RgbImage scale(RgbImage image, Area area, int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        Taps columns = Taps.of(area.width(), width);
        Taps rows = Taps.of(area.height(), height);
        // Of all rows at once there would be up to 75 MB, so only those are kept that the next one is made of
        float[][] window = new float[rows.most()][width * 3]; // source rows of the target's width, [0, 255]
        int[] inWindow = new int[rows.most()];
        Arrays.fill(inWindow, -1);
        float[] target = new float[width * 3];
        for (int y = 0; y < height; y++) {
            Arrays.fill(target, 0);
            float[] weights = rows.weights()[y];
            for (int tap = 0; tap < weights.length; tap++) {
                int source = Math.clamp(rows.first()[y] + tap, 0, area.height() - 1);
                int place = source % inWindow.length;
                if (inWindow[place] != source) {
                    int from = ((area.top() + source) * image.width() + area.left()) * 3;
                    widen(image.rgb(), from, area.width(), columns, window[place]);
                    inWindow[place] = source;
                }
                add(weights[tap], window[place], target);
            }
            round(target, rgb, y * target.length);
        }
        return new RgbImage(width, height, rgb);
    }

    /** One row of {@code width} pixels from {@code rgb[from]} on, to the width of {@code target}. */
    private static void widen(byte[] rgb, int from, int width, Taps columns, float[] target) {
        for (int x = 0; x < target.length / 3; x++) {
            float red = 0;
            float green = 0;
            float blue = 0;
            float[] weights = columns.weights()[x];
            for (int tap = 0; tap < weights.length; tap++) {
                int at = from + Math.clamp(columns.first()[x] + tap, 0, width - 1) * 3;
                red += weights[tap] * (rgb[at] & 0xff);
                green += weights[tap] * (rgb[at + 1] & 0xff);
                blue += weights[tap] * (rgb[at + 2] & 0xff);
            }
            target[3 * x] = red;
            target[3 * x + 1] = green;
            target[3 * x + 2] = blue;
        }
    }

    private static void add(float weight, float[] source, float[] target) {
        for (int k = 0; k < target.length; k++) {
            target[k] += weight * source[k];
        }
    }

    private static void round(float[] values, byte[] target, int from) {
        for (int k = 0; k < values.length; k++) {
            target[from + k] = (byte) Math.clamp(Math.round(values[k]), 0, 255);
        }
    }

    /**
     * Which samples of an axis each sample of the scaled axis is made of.
     *
     * @param first of them, by target; below 0 and beyond the end the outermost sample counts again
     * @param weights of it and of those after it, by target
     */
    private record Taps(int[] first, float[][] weights) {

        static Taps of(int from, int to) {
            double ratio = (double) from / to;
            // Downwards the filter grows with the ratio, so that no detail folds back as moire
            double support = LOBES * Math.max(1, ratio);
            int[] first = new int[to];
            float[][] weights = new float[to][];
            for (int position = 0; position < to; position++) {
                double centre = (position + 0.5) * ratio - 0.5;
                first[position] = (int) Math.ceil(centre - support);
                int last = (int) Math.floor(centre + support);
                weights[position] = Resampler.weights(centre, first[position], last, Math.max(1, ratio));
            }
            return new Taps(first, weights);
        }

        int most() {
            int most = 0;
            for (float[] each : weights) {
                most = Math.max(most, each.length);
            }
            return most;
        }
    }

    private static float[] weights(double centre, int first, int last, double stretch) {
        float[] weights = new float[last - first + 1];
        float sum = 0;
        for (int tap = first; tap <= last; tap++) {
            float weight = (float) lanczos((tap - centre) / stretch);
            weights[tap - first] = weight;
            sum += weight;
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= sum;
        }
        return weights;
    }

    private static double lanczos(double x) {
        if (x == 0) {
            return 1;
        }
        if (Math.abs(x) >= LOBES) {
            return 0;
        }
        double angle = Math.PI * x;
        return LOBES * Math.sin(angle) * Math.sin(angle / LOBES) / (angle * angle);
    }
}
