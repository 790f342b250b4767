package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageWriteParam;

/** Writes JPEG by the JDK's codec, with the infotext as EXIF user comment. */
final class JpegWriter {

    private static final int START_OF_IMAGE_BYTES = 2;

    private JpegWriter() {}

    static byte[] write(GeneratedImage image, int quality, String infotext) {
        byte[] jpeg = ImageIoEncoder.encode(image, "jpeg", options -> {
            options.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            options.setCompressionQuality(quality / 100f);
        });
        if (infotext.isEmpty()) {
            return jpeg;
        }
        byte[] exif = segment(Exif.userComment(infotext));
        return ByteBuffer.allocate(jpeg.length + exif.length)
                .put(jpeg, 0, START_OF_IMAGE_BYTES)
                .put(exif)
                .put(jpeg, START_OF_IMAGE_BYTES, jpeg.length - START_OF_IMAGE_BYTES)
                .array();
    }

    /** An APP1 segment. */
    private static byte[] segment(byte[] tiff) {
        byte[] name = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
        int length = 2 + name.length + tiff.length;
        return ByteBuffer.allocate(2 + length)
                .putShort((short) 0xffe1)
                .putShort((short) length)
                .put(name)
                .put(tiff)
                .array();
    }
}
