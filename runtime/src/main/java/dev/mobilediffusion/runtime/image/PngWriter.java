package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PNG (W3C recommendation, third edition): 8-bit RGB, for speed first: a client waits for it with every picture. */
final class PngWriter {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte DEPTH_BITS = 8;
    private static final byte TRUECOLOUR = 2;
    private static final String KEYWORD = "parameters";
    private static final int BAND_ROWS = 64;
    private static final byte[] ZLIB_HEADER = {0x78, 0x01}; // a window of 32 KiB, the fastest kind of compression
    private static final byte[] ZLIB_END = {1, 0, 0, (byte) 0xFF, (byte) 0xFF}; // an empty stored block, the last one
    private static final long ADLER = 65_521;

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
        chunk(out, "IDAT", deflated(image.rgb(), 3 * image.width()));
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

    /** In bands of rows that all cores share; how many there are does not depend on the cores, so neither do the bytes. */
    private static byte[] deflated(byte[] rgb, int rowBytes) {
        int rows = rgb.length / rowBytes;
        List<Band> bands = IntStream.range(0, Math.ceilDiv(rows, BAND_ROWS))
                .parallel()
                .mapToObj(band -> Band.of(
                        PngFilters.paeth(rgb, rowBytes, band * BAND_ROWS, Math.min(rows, (band + 1) * BAND_ROWS))))
                .toList();
        ByteArrayOutputStream out = new ByteArrayOutputStream(rgb.length / 2);
        out.writeBytes(ZLIB_HEADER);
        int sum = 1;
        for (Band band : bands) {
            out.writeBytes(band.deflated());
            sum = joined(sum, band);
        }
        out.writeBytes(ZLIB_END);
        out.writeBytes(ByteBuffer.allocate(4).putInt(sum).array());
        return out.toByteArray();
    }

    /** Adler-32 (RFC 1950, section 8.2) of what came before and of a band. */
    private static int joined(int sum, Band band) {
        long low = (sum & 0xFFFF) + (band.sum() & 0xFFFF) + ADLER - 1;
        long high = (sum >>> 16) + (band.sum() >>> 16) + (long) band.bytes() * ((sum & 0xFFFF) + ADLER - 1);
        return (int) ((high % ADLER) << 16 | (low % ADLER));
    }

    /** Filtered rows: how many bytes, their Adler-32, and deflated. */
    private record Band(int bytes, int sum, byte[] deflated) {

        static Band of(byte[] filtered) {
            Adler32 sum = new Adler32();
            sum.update(filtered);
            return new Band(filtered.length, (int) sum.getValue(), deflate(filtered));
        }

        /**
         * Raw deflate up to a whole byte. Residuals hardly repeat, so Huffman's code alone is fastest and smallest; but it
         * spends a bit on every byte, so flat bands, zeros for the most part, are searched for matches.
         */
        private static byte[] deflate(byte[] filtered) {
            Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
            try {
                deflater.setStrategy(mostlyZeros(filtered) ? Deflater.DEFAULT_STRATEGY : Deflater.HUFFMAN_ONLY);
                deflater.setInput(filtered);
                ByteArrayOutputStream out = new ByteArrayOutputStream(filtered.length);
                byte[] piece = new byte[1 << 16];
                int length;
                do {
                    length = deflater.deflate(piece, 0, piece.length, Deflater.SYNC_FLUSH);
                    out.write(piece, 0, length);
                } while (length > 0 || !deflater.needsInput());
                return out.toByteArray();
            } finally {
                deflater.end();
            }
        }

        private static boolean mostlyZeros(byte[] filtered) {
            int zeros = 0;
            for (byte residual : filtered) {
                zeros += residual == 0 ? 1 : 0;
            }
            return zeros > filtered.length / 2;
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
