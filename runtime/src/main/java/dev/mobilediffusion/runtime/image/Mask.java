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
        float[] values = new float[share.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = share[i] & 0xff;
        }
        for (int pass = 0; pass < PASSES; pass++) {
            for (int y = 0; y < height; y++) {
                mean(values, y * width, 1, width, blur);
            }
            for (int x = 0; x < width; x++) {
                mean(values, x, width, height, blur);
            }
        }
        byte[] soft = new byte[share.length];
        for (int i = 0; i < soft.length; i++) {
            soft[i] = (byte) Math.round(values[i]);
        }
        return new Mask(width, height, soft);
    }

    /** Each of {@code count} values, {@code stride} apart, by the mean of those up to {@code radius} away. */
    private static void mean(float[] values, int from, int stride, int count, int radius) {
        double[] sums = new double[count + 1];
        for (int i = 0; i < count; i++) {
            sums[i + 1] = sums[i] + values[from + i * stride];
        }
        for (int i = 0; i < count; i++) {
            int first = Math.max(0, i - radius);
            int end = Math.min(count, i + radius + 1);
            values[from + i * stride] = (float) ((sums[end] - sums[first]) / (end - first));
        }
    }

    /** The smallest rectangle with all that is drawn anew; at least one pixel is. */
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
        return new Area(left, top, right - left + 1, bottom - top + 1);
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
