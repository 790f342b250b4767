package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
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
    private static final int SUM_BYTES = 4;
    private static final int HEADER_BYTES = 13;
    private static final int CHUNK_BYTES = 12; // without its data
    private static final long ADLER = 65_521;

    private PngWriter() {}

    /** @param infotext goes into a text chunk called {@code parameters}, as A1111 has it; empty for none */
    static byte[] write(GeneratedImage image, String infotext) {
        List<Band> bands = bands(image.rgb(), 3 * image.width());
        byte[] text = infotext.isEmpty() ? new byte[0] : text(infotext);
        int deflatedBytes = ZLIB_HEADER.length + ZLIB_END.length + SUM_BYTES;
        for (Band band : bands) {
            deflatedBytes = Math.addExact(deflatedBytes, band.deflated().length);
        }
        // All at once: a picture's file is long, and each copy of it would be garbage
        ByteBuffer out = ByteBuffer.allocate(Math.addExact(
                SIGNATURE.length + (text.length == 0 ? 3 : 4) * CHUNK_BYTES + HEADER_BYTES + text.length,
                deflatedBytes));
        out.put(SIGNATURE);
        chunk(
                out,
                "IHDR",
                HEADER_BYTES,
                header -> header.putInt(image.width())
                        .putInt(image.height())
                        .put(DEPTH_BITS)
                        .put(TRUECOLOUR)
                        .put(new byte[3])); // no options
        if (text.length > 0) {
            chunk(out, isLatin1(infotext) ? "tEXt" : "iTXt", text.length, data -> data.put(text));
        }
        chunk(out, "IDAT", deflatedBytes, data -> putJoined(data, bands));
        chunk(out, "IEND", 0, data -> {});
        return out.array();
    }

    private static boolean isLatin1(String text) {
        return StandardCharsets.ISO_8859_1.newEncoder().canEncode(text);
    }

    /** {@code tEXt} holds Latin-1 alone; {@code iTXt} holds anything, but fewer programs read it. */
    private static byte[] text(String infotext) {
        boolean latin1 = isLatin1(infotext);
        Charset charset = latin1 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
        // After the keyword: its end; in iTXt also no compression (2 bytes), no language, no translated keyword
        String prefix = KEYWORD + (latin1 ? "\0" : "\0\0\0\0\0");
        return (prefix + infotext.replace("\0", "")).getBytes(charset);
    }

    /** In bands of rows that all cores share; how many there are does not depend on the cores, so neither do the bytes. */
    private static List<Band> bands(byte[] rgb, int rowBytes) {
        int rows = rgb.length / rowBytes;
        return IntStream.range(0, Math.ceilDiv(rows, BAND_ROWS))
                .parallel()
                .mapToObj(band -> Band.of(
                        PngFilters.paeth(rgb, rowBytes, band * BAND_ROWS, Math.min(rows, (band + 1) * BAND_ROWS))))
                .toList();
    }

    private static void putJoined(ByteBuffer out, List<Band> bands) {
        out.put(ZLIB_HEADER);
        int sum = 1;
        for (Band band : bands) {
            out.put(band.deflated());
            sum = joined(sum, band);
        }
        out.put(ZLIB_END).putInt(sum);
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
            return mostlyZeros(filtered) ? deflateMatches(filtered) : HuffmanBlock.deflate(filtered);
        }

        private static byte[] deflateMatches(byte[] filtered) {
            Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
            try {
                deflater.setInput(filtered);
                ByteArrayOutputStream out = new ByteArrayOutputStream(filtered.length / 8);
                byte[] piece = new byte[1 << 14];
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

    private static void chunk(ByteBuffer out, String type, int length, Consumer<ByteBuffer> data) {
        out.putInt(length);
        int begin = out.position();
        out.put(type.getBytes(StandardCharsets.US_ASCII));
        data.accept(out);
        CRC32 crc = new CRC32();
        crc.update(out.array(), begin, out.position() - begin);
        out.putInt((int) crc.getValue());
    }
}
