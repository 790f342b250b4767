package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Images through the JDK's registry of codecs; needs no display. */
final class ImageIoEncoder {

    private ImageIoEncoder() {}

    /**
     * @param format ImageIO's name of it
     * @param configure sets the quality
     */
    static byte[] encode(GeneratedImage image, String format, Consumer<ImageWriteParam> configure) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // A memory stream of its own: ImageIO's default one makes a temporary file
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            ImageWriteParam options = writer.getDefaultWriteParam();
            configure.accept(options);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(buffered(image), null, null), options);
        } catch (IOException unreachable) {
            throw new UncheckedIOException(unreachable);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    private static BufferedImage buffered(GeneratedImage image) {
        BufferedImage buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        byte[] rgb = image.rgb();
        int[] row = new int[image.width()];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < row.length; x++) {
                int at = 3 * (y * row.length + x);
                row[x] = (rgb[at] & 0xff) << 16 | (rgb[at + 1] & 0xff) << 8 | (rgb[at + 2] & 0xff);
            }
            buffered.setRGB(0, y, row.length, 1, row, 0, row.length);
        }
        return buffered;
    }
}
