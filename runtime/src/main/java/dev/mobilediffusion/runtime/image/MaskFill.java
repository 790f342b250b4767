package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.RgbImage;

/**
 * Fills what is masked with the colours around it: each half as large image is the mean of what is held, and gaps take
 * the colour of the next smaller one (Gortler et al. 1996, push and pull).
 */
final class MaskFill {

    private MaskFill() {}

    static RgbImage fill(RgbImage image, Mask mask) {
        int width = image.width();
        // Numbers of the picture's own size would take 64 MB of the largest, a quarter of them takes 16
        Half half = new Half(width, image.height());
        for (int i = 0; i < width * image.height(); i++) {
            if (!isMasked(mask, i)) {
                int at = half.place(i, width);
                half.weights[at]++;
                for (int colour = 0; colour < 3; colour++) {
                    half.colours[3 * at + colour] += image.rgb()[3 * i + colour] & 0xff;
                }
            }
        }
        half.average();
        fill(half.colours, half.weights, half.width, half.height);
        byte[] rgb = image.rgb().clone();
        for (int i = 0; i < width * image.height(); i++) {
            for (int colour = 0; colour < 3 && isMasked(mask, i); colour++) {
                rgb[3 * i + colour] = (byte) Math.round(half.colours[3 * half.place(i, width) + colour]);
            }
        }
        return new RgbImage(width, image.height(), rgb);
    }

    private static boolean isMasked(Mask mask, int pixel) {
        return (mask.share()[pixel] & 0xff) > 127;
    }

    private static void fill(float[] colours, float[] weights, int width, int height) {
        if (width == 1 && height == 1) {
            return;
        }
        Half half = new Half(width, height);
        for (int i = 0; i < weights.length; i++) {
            int at = half.place(i, width);
            half.weights[at] += weights[i];
            for (int colour = 0; colour < 3; colour++) {
                half.colours[3 * at + colour] += weights[i] * colours[3 * i + colour];
            }
        }
        half.average();
        fill(half.colours, half.weights, half.width, half.height);
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] == 0) {
                System.arraycopy(half.colours, 3 * half.place(i, width), colours, 3 * i, 3);
            }
        }
    }

    /** What is known of each four pixels. */
    private static final class Half {

        private final int width;
        private final int height;
        private final float[] weights;
        private final float[] colours; // (height, width, 3)

        Half(int fullWidth, int fullHeight) {
            width = Math.ceilDiv(fullWidth, 2);
            height = Math.ceilDiv(fullHeight, 2);
            weights = new float[width * height];
            colours = new float[3 * weights.length];
        }

        /** Where pixel {@code i} of the full size belongs. */
        int place(int i, int fullWidth) {
            return i / fullWidth / 2 * width + i % fullWidth / 2;
        }

        void average() {
            for (int at = 0; at < weights.length; at++) {
                for (int colour = 0; colour < 3 && weights[at] > 0; colour++) {
                    colours[3 * at + colour] /= weights[at];
                }
                weights[at] = Math.min(1, weights[at]);
            }
        }
    }
}
