package dev.mobilediffusion.runtime.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** EXIF metadata (EXIF 2.32, section 4.6) with nothing but a user comment, which is where A1111 keeps its infotext. */
final class Exif {

    private static final int EXIF_IFD = 0x8769;
    private static final int USER_COMMENT = 0x9286;
    private static final short LONG = 4;
    private static final short UNDEFINED = 7;
    private static final int HEADER_BYTES = 8;
    private static final int DIRECTORY_BYTES = 2 + 12 + 4; // with one entry

    /** A JPEG segment holds 64 KB; this leaves room for the tables, at two bytes a character. */
    private static final int MAX_CHARACTERS = 32_000;

    private Exif() {}

    /** A TIFF header, a directory that points to the EXIF directory, and that with the comment as its one entry. */
    static byte[] userComment(String comment) {
        byte[] text =
                comment.substring(0, Math.min(comment.length(), MAX_CHARACTERS)).getBytes(StandardCharsets.UTF_16BE);
        byte[] encoding = "UNICODE\0".getBytes(StandardCharsets.US_ASCII);
        int exifDirectory = HEADER_BYTES + DIRECTORY_BYTES;
        int value = exifDirectory + DIRECTORY_BYTES;
        return ByteBuffer.allocate(value + encoding.length + text.length)
                .put("MM\0*".getBytes(StandardCharsets.US_ASCII)) // big-endian
                .putInt(HEADER_BYTES)
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
                .putInt(value)
                .putInt(0)
                .put(encoding)
                .put(text)
                .array();
    }
}
