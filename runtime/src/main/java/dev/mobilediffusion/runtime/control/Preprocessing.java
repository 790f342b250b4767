package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.RgbImage;

/** Makes control images of pictures. */
public final class Preprocessing {

    private Preprocessing() {}

    /** The control image of a picture, of the same size. */
    public static RgbImage apply(RgbImage image, Preprocessor preprocessor) {
        return switch (preprocessor) {
            case NONE -> image;
            case EDGES -> Edges.of(image, Edges.LOW, Edges.HIGH);
            case INVERT -> inverted(image);
        };
    }

    /** The same as (3, H, W) in [0, 1]. */
    static float[] planes(RgbImage image, Preprocessor preprocessor) {
        byte[] rgb = apply(image, preprocessor).rgb();
        int plane = rgb.length / 3;
        float[] planes = new float[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            planes[i % 3 * plane + i / 3] = (rgb[i] & 0xff) / 255f;
        }
        return planes;
    }

    private static RgbImage inverted(RgbImage image) {
        byte[] rgb = image.rgb().clone();
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) ~rgb[i];
        }
        return new RgbImage(image.width(), image.height(), rgb);
    }
}
