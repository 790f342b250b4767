package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.RgbImage;

/**
 * Fills what is masked with the colours around it: each half as large image is the mean of what is held, and gaps take
 * the colour of the next smaller one (Gortler et al. 1996, push and pull).
 */
final class MaskFill {

    private MaskFill() {}

    static RgbImage fill(RgbImage image, Mask mask) {
        float[] weights = new float[image.width() * image.height()];
        float[] colours = new float[3 * weights.length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (mask.share()[i] & 0xff) > 127 ? 0 : 1;
            for (int colour = 0; colour < 3; colour++) {
                colours[3 * i + colour] = image.rgb()[3 * i + colour] & 0xff;
            }
        }
        fill(colours, weights, image.width(), image.height());
        byte[] rgb = new byte[colours.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.round(colours[i]);
        }
        return new RgbImage(image.width(), image.height(), rgb);
    }

    private static void fill(float[] colours, float[] weights, int width, int height) {
        if (width == 1 && height == 1) {
            return;
        }
        int halfWidth = Math.ceilDiv(width, 2);
        int halfHeight = Math.ceilDiv(height, 2);
        float[] halfWeights = new float[halfWidth * halfHeight];
        float[] halfColours = new float[3 * halfWeights.length];
        for (int i = 0; i < weights.length; i++) {
            int half = i / width / 2 * halfWidth + i % width / 2;
            halfWeights[half] += weights[i];
            for (int colour = 0; colour < 3; colour++) {
                halfColours[3 * half + colour] += weights[i] * colours[3 * i + colour];
            }
        }
        for (int half = 0; half < halfWeights.length; half++) {
            for (int colour = 0; colour < 3 && halfWeights[half] > 0; colour++) {
                halfColours[3 * half + colour] /= halfWeights[half];
            }
            halfWeights[half] = Math.min(1, halfWeights[half]);
        }
        fill(halfColours, halfWeights, halfWidth, halfHeight);
        for (int i = 0; i < weights.length; i++) {
            int half = i / width / 2 * halfWidth + i % width / 2;
            if (weights[i] == 0) {
                System.arraycopy(halfColours, 3 * half, colours, 3 * i, 3);
            }
        }
    }
}
