package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes JPEG by the JDK's codec, with the infotext as EXIF user comment (EXIF 2.32, section 4.6.5). */
final class JpegWriter {

    private static final int EXIF_IFD = 0x8769;
    private static final int USER_COMMENT = 0x9286;
    private static final short LONG = 4;
    private static final short UNDEFINED = 7;
    private static final int START_OF_IMAGE_BYTES = 2;

    /** A segment holds 64 KB; this leaves room for the tables, at two bytes a character. */
    private static final int MAX_COMMENT_CHARACTERS = 32_000;

    private JpegWriter() {}

    static byte[] write(GeneratedImage image, int quality, String infotext) {
        byte[] jpeg = encode(buffered(image), quality / 100f);
        if (infotext.isEmpty()) {
            return jpeg;
        }
        byte[] exif = exif(infotext.substring(0, Math.min(infotext.length(), MAX_COMMENT_CHARACTERS)));
        return ByteBuffer.allocate(jpeg.length + exif.length)
                .put(jpeg, 0, START_OF_IMAGE_BYTES)
                .put(exif)
                .put(jpeg, START_OF_IMAGE_BYTES, jpeg.length - START_OF_IMAGE_BYTES)
                .array();
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

    private static byte[] encode(BufferedImage image, float quality) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // A memory stream of its own: ImageIO's default one makes a temporary file
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            ImageWriteParam options = writer.getDefaultWriteParam();
            options.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            options.setCompressionQuality(quality);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), options);
        } catch (IOException unreachable) {
            throw new UncheckedIOException(unreachable);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    /** An APP1 segment: a TIFF header, a directory that points to the EXIF directory, and that with one entry. */
    private static byte[] exif(String comment) {
        byte[] text = comment.getBytes(StandardCharsets.UTF_16BE);
        byte[] encoding = "UNICODE\0".getBytes(StandardCharsets.US_ASCII);
        int directoryBytes = 2 + 12 + 4;
        int exifDirectory = 8 + directoryBytes;
        int length = 2 + 6 + exifDirectory + directoryBytes + encoding.length + text.length;
        return ByteBuffer.allocate(2 + length)
                .putShort((short) 0xffe1)
                .putShort((short) length)
                .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                .put("MM\0*".getBytes(StandardCharsets.US_ASCII)) // big-endian TIFF
                .putInt(8)
                .putShort((short) 1)
                .putShort((short) EXIF_IFD)
                .putShort(LONG)
                .putInt(1)
                .putInt(exifDirectory)
                .putInt(0)
                .putShort((short) 1)
                .putShort((short) USER_COMMENT)
                .putShort(UNDEFINED)
                .putInt(encoding.length + text.length)
                .putInt(exifDirectory + directoryBytes)
                .putInt(0)
                .put(encoding)
                .put(text)
                .array();
    }
}
