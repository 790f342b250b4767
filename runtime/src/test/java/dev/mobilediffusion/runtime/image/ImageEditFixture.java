package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.StageTimings;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Images and a model of 32x32 pixels. */
abstract class ImageEditFixture {

    static final int SIDE = 32;
    static final byte GREEN = (byte) 200;

    static final ModelInfo MODEL =
            new ModelInfo("m", SIDE, SIDE, 1, 1, true, "DDIMScheduler", 0, List.of(), Map.of(), "", "00");

    static ImageFileReader.Read opaque(RgbImage image) {
        return new ImageFileReader.Read(image, new byte[0]);
    }

    static ImageFileReader.Read grey(int width, int height, byte[] share) {
        return opaque(new Mask(width, height, share).grey());
    }

    static RgbImage noise(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(3).nextBytes(rgb);
        return new RgbImage(width, height, rgb);
    }

    static GeneratedImage drawn() {
        byte[] rgb = new byte[3 * SIDE * SIDE];
        for (int i = 1; i < rgb.length; i += 3) {
            rgb[i] = GREEN;
        }
        return new GeneratedImage(SIDE, SIDE, rgb, ImageRequest.of("a", 1), StageTimings.NONE, List.of());
    }
}
