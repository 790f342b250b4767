package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.GeneratedImage;

/**
 * Scales a picture with a Lanczos filter of three lobes, rows first, then columns. A model draws well at the size it was
 * trained for alone, so other sizes are made from that one.
 */
final class Resampler {

    private static final double LOBES = 3;

    private Resampler() {}

    /**
     * The middle of the picture at exactly {@code size}: as much of it as has that shape, so that nothing is stretched.
     * The very same picture when that is its size.
     */
    static GeneratedImage resample(GeneratedImage image, PictureSize size) {
        if (image.width() == size.width() && image.height() == size.height()) {
            return image;
        }
        // The largest part with the shape of the target
        double zoom = Math.max((double) size.width() / image.width(), (double) size.height() / image.height());
        int width = Math.clamp(Math.round(size.width() / zoom), 1, image.width());
        int height = Math.clamp(Math.round(size.height() / zoom), 1, image.height());
        float[] source = middle(image, width, height); // (height, width, 3), [0, 255]
        // (height, width', 3), then (height', width', 3)
        float[] wide = scale(source, height, width, 3, size.width());
        float[] scaled = scale(wide, 1, height, size.width() * 3, size.height());
        byte[] rgb = new byte[scaled.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.clamp(Math.round(scaled[i]), 0, 255);
        }
        return new GeneratedImage(size.width(), size.height(), rgb, image.request(), image.timings(), image.warnings());
    }

    private static float[] middle(GeneratedImage image, int width, int height) {
        float[] part = new float[height * width * 3]; // (height, width, 3)
        int left = (image.width() - width) / 2;
        int top = (image.height() - height) / 2;
        for (int y = 0; y < height; y++) {
            int from = ((top + y) * image.width() + left) * 3;
            for (int k = 0; k < width * 3; k++) {
                part[y * width * 3 + k] = image.rgb()[from + k] & 0xff;
            }
        }
        return part;
    }

    /** Scales the middle axis of {@code source}, (outer, from, inner), to {@code to} samples. */
    private static float[] scale(float[] source, int outer, int from, int inner, int to) {
        float[] target = new float[outer * to * inner]; // (outer, to, inner)
        double ratio = (double) from / to;
        // Downwards the filter grows with the ratio, so that no detail folds back as moire
        double support = LOBES * Math.max(1, ratio);
        for (int position = 0; position < to; position++) {
            double centre = (position + 0.5) * ratio - 0.5;
            int first = (int) Math.ceil(centre - support);
            int last = (int) Math.floor(centre + support);
            float[] weights = weights(centre, first, last, Math.max(1, ratio));
            for (int row = 0; row < outer; row++) {
                int out = (row * to + position) * inner;
                for (int tap = first; tap <= last; tap++) {
                    int in = (row * from + Math.clamp(tap, 0, from - 1)) * inner;
                    float weight = weights[tap - first];
                    for (int k = 0; k < inner; k++) {
                        target[out + k] += weight * source[in + k];
                    }
                }
            }
        }
        return target;
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
