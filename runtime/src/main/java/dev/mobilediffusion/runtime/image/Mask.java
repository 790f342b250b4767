package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;

/**
 * Which part of an image is drawn anew.
 *
 * @param width in pixels
 * @param height in pixels
 * @param share (height, width) bytes: 255 where drawn anew, 0 where held, and between them a mixture of both
 */
record Mask(int width, int height, byte[] share) {

    private static final int PASSES = 3;

    /**
     * What a file marks.
     *
     * @throws InferenceException with code INVALID_REQUEST when it marks nothing, or has another size than the image
     */
    static Mask of(ImageFileReader.Read read, RgbImage image, String field, MaskMarks marks) {
        RgbImage seen = read.image();
        if (seen.width() != image.width() || seen.height() != image.height()) {
            throw InferenceException.invalid(
                    field,
                    "%s must have the picture's size, %dx%d, got %dx%d",
                    field,
                    image.width(),
                    image.height(),
                    seen.width(),
                    seen.height());
        }
        byte[] share = new byte[seen.width() * seen.height()];
        boolean any = false;
        for (int i = 0; i < share.length; i++) {
            int value = read.alpha().length > 0
                    ? marks.ofAlpha(read.alpha()[i] & 0xff)
                    : marks.ofBrightness(brightness(seen.rgb(), i));
            share[i] = (byte) value;
            any |= value > 127;
        }
        if (!any) {
            throw InferenceException.invalid(
                    field, "%s marks nothing: it must be %s where the picture is drawn anew", field, marks.words());
        }
        return new Mask(seen.width(), seen.height(), share);
    }

    private static int brightness(byte[] rgb, int pixel) {
        return (299 * (rgb[3 * pixel] & 0xff)
                        + 587 * (rgb[3 * pixel + 1] & 0xff)
                        + 114 * (rgb[3 * pixel + 2] & 0xff)
                        + 500)
                / 1000;
    }

    /** With soft edges: three means over a square, which are near to Gauss's curve of standard deviation {@code blur}. */
    Mask blurred(int blur) {
        if (blur == 0) {
            return this;
        }
        Area marked = bounds();
        if (marked.width() <= 0) {
            return this;
        }
        int reach = (PASSES + 1) * blur; // beyond it everything is held before and after
        int left = Math.max(0, marked.left() - reach);
        int top = Math.max(0, marked.top() - reach);
        int columns = Math.min(width, marked.left() + marked.width() + reach) - left;
        int rows = Math.min(height, marked.top() + marked.height() + reach) - top;
        float[] values = new float[columns * rows];
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                values[y * columns + x] = share[(top + y) * width + left + x] & 0xff;
            }
        }
        float[] between = new float[values.length];
        for (int pass = 0; pass < PASSES; pass++) {
            meansOfRows(values, between, columns, blur);
            meansOfColumns(between, values, columns, blur);
        }
        byte[] soft = new byte[share.length];
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                soft[(top + y) * width + left + x] = (byte) Math.round(values[y * columns + x]);
            }
        }
        return new Mask(width, height, soft);
    }

    /** The mean of those up to {@code radius} away in the same row. */
    private static void meansOfRows(float[] values, float[] means, int columns, int radius) {
        double[] sums = new double[columns + 1];
        for (int from = 0; from < values.length; from += columns) {
            for (int x = 0; x < columns; x++) {
                sums[x + 1] = sums[x] + values[from + x];
            }
            for (int x = 0; x < columns; x++) {
                int first = Math.max(0, x - radius);
                int end = Math.min(columns, x + radius + 1);
                means[from + x] = (float) ((sums[end] - sums[first]) / (end - first));
            }
        }
    }

    /** The mean of those up to {@code radius} away in the same column; row after row, as they lie in memory. */
    private static void meansOfColumns(float[] values, float[] means, int columns, int radius) {
        int rows = values.length / columns;
        double[] sums = new double[columns]; // of the rows that count
        for (int y = -radius; y < rows; y++) {
            add(sums, values, y + radius, rows, 1);
            add(sums, values, y - radius - 1, rows, -1);
            if (y >= 0) {
                int count = Math.min(rows, y + radius + 1) - Math.max(0, y - radius);
                for (int x = 0; x < columns; x++) {
                    means[y * columns + x] = (float) (sums[x] / count);
                }
            }
        }
    }

    private static void add(double[] sums, float[] values, int row, int rows, int sign) {
        if (row >= 0 && row < rows) {
            for (int x = 0; x < sums.length; x++) {
                sums[x] += sign * values[row * sums.length + x];
            }
        }
    }

    /** The smallest rectangle with all that is drawn anew; without width where nothing is. */
    Area bounds() {
        int left = width;
        int right = -1;
        int top = height;
        int bottom = -1;
        for (int i = 0; i < share.length; i++) {
            if (share[i] != 0) {
                left = Math.min(left, i % width);
                right = Math.max(right, i % width);
                top = Math.min(top, i / width);
                bottom = Math.max(bottom, i / width);
            }
        }
        return right < 0 ? new Area(0, 0, 0, 0) : new Area(left, top, right - left + 1, bottom - top + 1);
    }

    /** As a grey image, for what scales images. */
    RgbImage grey() {
        byte[] rgb = new byte[3 * share.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = share[i / 3];
        }
        return new RgbImage(width, height, rgb);
    }

    /** The mask of a grey image, with sharp edges: scaling leaves ripples, which must not touch what is held. */
    static Mask ofGrey(RgbImage grey) {
        byte[] share = new byte[grey.width() * grey.height()];
        for (int i = 0; i < share.length; i++) {
            share[i] = (byte) ((grey.rgb()[3 * i] & 0xff) > 127 ? 255 : 0);
        }
        return new Mask(grey.width(), grey.height(), share);
    }

    /** {@code drawn} where this says so, {@code held} bit for bit where it does not. */
    RgbImage blend(RgbImage drawn, RgbImage held) {
        byte[] rgb = held.rgb().clone();
        for (int i = 0; i < share.length; i++) {
            int part = share[i] & 0xff;
            for (int at = 3 * i; part != 0 && at < 3 * i + 3; at++) {
                rgb[at] =
                        (byte) (((drawn.rgb()[at] & 0xff) * part + (held.rgb()[at] & 0xff) * (255 - part) + 127) / 255);
            }
        }
        return new RgbImage(width, height, rgb);
    }
}
