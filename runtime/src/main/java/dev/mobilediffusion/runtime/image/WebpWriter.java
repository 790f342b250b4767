package dev.mobilediffusion.runtime.image;

import com.luciad.imageio.webp.CompressionType;
import com.luciad.imageio.webp.WebPWriteParam;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.StageTimings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes lossy WebP by libwebp. Its file has no metadata, so the infotext turns it into WebP's extended form, with an EXIF
 * chunk after the image (RFC 9649, section 2.7).
 */
final class WebpWriter {

    private static final int FILE_HEADER_BYTES = 12;
    private static final int CHUNK_HEADER_BYTES = 8;
    private static final int EXTENDED_BYTES = 10;
    private static final byte HAS_EXIF = 0x08;

    private WebpWriter() {}

    /** Whether libwebp is there for this machine; asked once. */
    static boolean isAvailable() {
        return Availability.AVAILABLE;
    }

    static byte[] write(GeneratedImage image, int quality, String infotext) {
        byte[] webp = encode(image, quality);
        return infotext.isEmpty() ? webp : extended(image, webp, Exif.userComment(infotext));
    }

    private static byte[] encode(GeneratedImage image, int quality) {
        return ImageIoEncoder.encode(image, "webp", options -> {
            WebPWriteParam webp = (WebPWriteParam) options;
            webp.setCompressionType(CompressionType.Lossy);
            webp.setCompressionQuality(quality / 100f);
        });
    }

    private static byte[] extended(GeneratedImage image, byte[] webp, byte[] exif) {
        int imageBytes = webp.length - FILE_HEADER_BYTES; // its chunk, with header and padding
        int padding = exif.length % 2;
        int size = FILE_HEADER_BYTES
                + CHUNK_HEADER_BYTES
                + EXTENDED_BYTES
                + imageBytes
                + CHUNK_HEADER_BYTES
                + exif.length
                + padding;
        return ByteBuffer.allocate(size)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(name("RIFF"))
                .putInt(size - CHUNK_HEADER_BYTES)
                .put(name("WEBP"))
                .put(name("VP8X"))
                .putInt(EXTENDED_BYTES)
                .putInt(HAS_EXIF)
                .put(threeBytes(image.width() - 1))
                .put(threeBytes(image.height() - 1))
                .put(webp, FILE_HEADER_BYTES, imageBytes)
                .put(name("EXIF"))
                .putInt(exif.length)
                .put(exif)
                .array();
    }

    private static byte[] threeBytes(int value) {
        return new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16)};
    }

    private static byte[] name(String chunk) {
        return chunk.getBytes(StandardCharsets.US_ASCII);
    }

    private static final class Availability {

        private static final boolean AVAILABLE = probe();

        private static boolean probe() {
            GeneratedImage pixel =
                    new GeneratedImage(1, 1, new byte[3], ImageRequest.of("probe", 0), StageTimings.NONE, List.of());
            try {
                return encode(pixel, ImageCodec.DEFAULT_QUALITY).length > 0;
            } catch (RuntimeException | LinkageError noLibraryForThisMachine) {
                return false;
            }
        }
    }
}
