package dev.mobilediffusion.runtime.pipeline;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** How near two images are. */
final class Decibels {

    private Decibels() {}

    /** An image's bytes, RGB row by row. */
    static byte[] pixels(Path image) throws IOException {
        BufferedImage read = ImageIO.read(image.toFile());
        byte[] rgb = new byte[3 * read.getWidth() * read.getHeight()];
        for (int i = 0; i < rgb.length; i++) {
            int pixel = i / 3;
            rgb[i] = (byte) (read.getRGB(pixel % read.getWidth(), pixel / read.getWidth()) >> (16 - 8 * (i % 3)));
        }
        return rgb;
    }

    /** Peak signal-to-noise ratio of two images of one size, bytes being RGB; infinite for equal ones. */
    static double peakSignalToNoise(byte[] left, byte[] right) {
        double squares = 0;
        for (int i = 0; i < left.length; i++) {
            int difference = (left[i] & 0xff) - (right[i] & 0xff);
            squares += difference * difference;
        }
        return 10 * Math.log10(255.0 * 255 * left.length / squares);
    }
}
