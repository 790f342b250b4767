package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.server.error.ApiException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The texts within an image's file: PNG's chunks, and of JPEG and WebP the comment that A1111 keeps in EXIF. */
final class ImageTexts {

    /** Under which A1111 keeps, and we find, the settings. */
    static final String SETTINGS = "parameters";

    private static final int JPEG_START = 0xffd8;
    private static final int JPEG_SCAN = 0xffda;
    private static final int JPEG_APP1 = 0xffe1;
    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final int RIFF_HEADER_BYTES = 12;

    private ImageTexts() {}

    /**
     * Name to text.
     *
     * @throws ApiException when the bytes are no such file, or one that is cut off
     */
    static Map<String, String> of(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        if (PngTexts.isPng(file)) {
            return PngTexts.of(file);
        }
        if (file.length > 4 && Short.toUnsignedInt(bytes.getShort(0)) == JPEG_START) {
            return jpeg(bytes);
        }
        if (file.length > RIFF_HEADER_BYTES
                && word(bytes, 0).equals("RIFF")
                && word(bytes, 8).equals("WEBP")) {
            return webp(bytes);
        }
        throw ApiException.invalid("image", "image must be a PNG, JPEG or WebP file in base64");
    }

    /** JFIF and EXIF put their segments before the scan: marker, length with its own two bytes, content. */
    private static Map<String, String> jpeg(ByteBuffer bytes) {
        bytes.position(2);
        while (bytes.remaining() >= 4) {
            int marker = Short.toUnsignedInt(bytes.getShort());
            int length = Short.toUnsignedInt(bytes.getShort()) - 2;
            if (length < 0 || length > bytes.remaining()) {
                throw cutOff("JPEG");
            }
            if (marker == JPEG_SCAN) {
                return Map.of();
            }
            ByteBuffer segment = bytes.slice(bytes.position(), length);
            if (marker == JPEG_APP1 && startsWith(segment, EXIF)) {
                return comment(segment.slice(EXIF.length, length - EXIF.length));
            }
            bytes.position(bytes.position() + length);
        }
        throw cutOff("JPEG");
    }

    /** A RIFF chunk: four letters, length, content, and a byte more after an odd one. */
    private static Map<String, String> webp(ByteBuffer bytes) {
        bytes.order(ByteOrder.LITTLE_ENDIAN).position(RIFF_HEADER_BYTES);
        while (bytes.remaining() >= 8) {
            String name = word(bytes, bytes.position());
            int length = bytes.getInt(bytes.position() + 4);
            bytes.position(bytes.position() + 8);
            if (length < 0 || length > bytes.remaining()) {
                throw cutOff("WebP");
            }
            if (name.equals("EXIF")) {
                ByteBuffer exif = bytes.slice(bytes.position(), length);
                return comment(startsWith(exif, EXIF) ? exif.slice(EXIF.length, length - EXIF.length) : exif);
            }
            bytes.position(Math.min(bytes.limit(), bytes.position() + length + (length & 1)));
        }
        return Map.of();
    }

    private static Map<String, String> comment(ByteBuffer exif) {
        Map<String, String> texts = new LinkedHashMap<>();
        ExifComment.of(exif).ifPresent(comment -> texts.put(SETTINGS, comment));
        return texts;
    }

    private static boolean startsWith(ByteBuffer bytes, byte[] start) {
        return bytes.remaining() >= start.length
                && bytes.slice(bytes.position(), start.length).equals(ByteBuffer.wrap(start));
    }

    private static String word(ByteBuffer bytes, int index) {
        return new String(bytes.array(), bytes.arrayOffset() + index, 4, StandardCharsets.US_ASCII);
    }

    static ApiException cutOff(String kind) {
        return ApiException.invalid("image", "image is a %s file that is cut off", kind);
    }
}
