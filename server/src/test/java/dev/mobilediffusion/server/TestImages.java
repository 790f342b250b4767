package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.server.generation.ControlUpload;
import dev.mobilediffusion.server.generation.FieldNames;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.Upload;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import javax.imageio.ImageIO;

/** Images that clients send, as PNG files. */
public final class TestImages {

    private TestImages() {}

    /** Noise, so that every pixel can be told from its neighbours. */
    public static BufferedImage noise(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(1);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, random.nextInt(1 << 24));
        }
        return image;
    }

    /** Opaque black, but transparent in the left half. */
    public static BufferedImage transparentLeft(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, i % width < width / 2 ? 0 : 0xff000000);
        }
        return image;
    }

    /** Black, but white in the left half. */
    public static BufferedImage whiteLeft(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, i % width < width / 2 ? 0xffffff : 0);
        }
        return image;
    }

    public static byte[] png(BufferedImage image) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toByteArray();
    }

    public static String base64(BufferedImage image) {
        return Base64.getEncoder().encodeToString(png(image));
    }

    public static BufferedImage read(byte[] file) {
        try {
            return ImageIO.read(new ByteArrayInputStream(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lines to follow at half strength, twice as large as the fake model draws. */
    public static ControlUpload control() {
        return ControlUpload.of(
                FieldNames.OWN, png(whiteLeft(32, 32)), OptionalDouble.of(0.5), Optional.of("lines"), "none");
    }

    /** 16x16 pixels of noise, of which the left half is drawn anew. */
    public static Source source() {
        int side = FakePipeline.SIDE;
        return new Source(
                Upload.of(png(noise(side, side))),
                Optional.of(Upload.of(png(transparentLeft(side, side)))),
                OptionalDouble.of(0.5),
                ImageEdit.Options.DEFAULT);
    }
}
