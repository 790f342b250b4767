package dev.mobilediffusion.server.a1111;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The user comment of EXIF (version 2.32, section 4.6.5), wherever the directories of the TIFF that it is put it. */
final class ExifComment {

    private static final int EXIF_DIRECTORY = 0x8769;
    private static final int USER_COMMENT = 0x9286;
    private static final int ENTRY_BYTES = 12;
    private static final int CHARSET_BYTES = 8;

    private ExifComment() {}

    /** @param exif from the TIFF header on; damaged ones have no comment */
    static Optional<String> of(ByteBuffer exif) {
        try {
            ByteBuffer tiff = exif.slice().order(order(exif));
            int first = tiff.getInt(4);
            int directory = valueOf(tiff, entry(tiff, first, EXIF_DIRECTORY));
            int comment = entry(tiff, directory, USER_COMMENT);
            int length = tiff.getInt(comment + 4);
            return Optional.of(text(tiff.slice(valueOf(tiff, comment), length), tiff.order()));
        } catch (IndexOutOfBoundsException | IllegalArgumentException damagedOrAbsent) {
            return Optional.empty();
        }
    }

    private static ByteOrder order(ByteBuffer exif) {
        return exif.get(exif.position()) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    }

    /** Where the entry with this tag begins: tag, type, count, value or its place. */
    private static int entry(ByteBuffer tiff, int directory, int tag) {
        int count = Short.toUnsignedInt(tiff.getShort(directory));
        for (int i = 0; i < count; i++) {
            int entry = directory + 2 + i * ENTRY_BYTES;
            if (Short.toUnsignedInt(tiff.getShort(entry)) == tag) {
                return entry;
            }
        }
        throw new IndexOutOfBoundsException(tag);
    }

    private static int valueOf(ByteBuffer tiff, int entry) {
        return tiff.getInt(entry + 8);
    }

    /** Eight letters name the charset; A1111's library writes UTF-16 big-endian in any file, cameras in the file's order. */
    private static String text(ByteBuffer comment, ByteOrder order) {
        byte[] bytes = new byte[comment.remaining()];
        comment.get(bytes);
        int head = Math.min(CHARSET_BYTES, bytes.length);
        String name =
                new String(bytes, 0, head, StandardCharsets.US_ASCII).strip().replace("\0", "");
        Charset charset = StandardCharsets.UTF_8;
        if (name.equals("UNICODE")) {
            boolean bigEndian = bytes.length > head + 1 && (order == ByteOrder.BIG_ENDIAN || bytes[head] == 0);
            charset = bigEndian ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_16LE;
        }
        return new String(bytes, head, bytes.length - head, charset);
    }
}
