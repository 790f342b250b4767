package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PNG (W3C recommendation, third edition): 8-bit RGB, the best filter for each row. */
final class PngWriter {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte DEPTH_BITS = 8;
    private static final byte TRUECOLOUR = 2;
    private static final String KEYWORD = "parameters";
    private static final int LEVEL = 7;

    private PngWriter() {}

    /** @param infotext goes into a text chunk called {@code parameters}, as A1111 has it; empty for none */
    static byte[] write(GeneratedImage image, String infotext) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(image.rgb().length / 2);
        out.writeBytes(SIGNATURE);
        ByteBuffer header = ByteBuffer.allocate(13).putInt(image.width()).putInt(image.height());
        chunk(out, "IHDR", header.put(DEPTH_BITS).put(TRUECOLOUR).array()); // then no options: zeros
        if (!infotext.isEmpty()) {
            textChunk(out, infotext);
        }
        PngFilters filters = new PngFilters(3 * image.width());
        chunk(out, "IDAT", deflated(filters.filter(image.rgb())));
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    /** {@code tEXt} holds Latin-1 alone; {@code iTXt} holds anything, but fewer programs read it. */
    private static void textChunk(ByteArrayOutputStream out, String text) {
        boolean latin1 = StandardCharsets.ISO_8859_1.newEncoder().canEncode(text);
        Charset charset = latin1 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
        // After the keyword: its end; in iTXt also no compression (2 bytes), no language, no translated keyword
        String prefix = KEYWORD + (latin1 ? "\0" : "\0\0\0\0\0");
        chunk(out, latin1 ? "tEXt" : "iTXt", (prefix + text.replace("\0", "")).getBytes(charset));
    }

    private static byte[] deflated(byte[] rows) {
        Deflater deflater = new Deflater(LEVEL);
        try {
            deflater.setStrategy(Deflater.FILTERED);
            deflater.setInput(rows);
            deflater.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream(rows.length / 2);
            byte[] piece = new byte[1 << 16];
            while (!deflater.finished()) {
                out.write(piece, 0, deflater.deflate(piece));
            }
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        out.writeBytes(name);
        out.writeBytes(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }
}
