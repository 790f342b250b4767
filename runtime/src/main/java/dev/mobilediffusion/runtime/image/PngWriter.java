package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes PNG (W3C recommendation, third edition): 8-bit RGB, for speed first: a client waits for it with every image. */
final class PngWriter {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int CHUNK_BYTES = 12; // of a chunk without content: length, type, sum
    private static final int IHDR_BYTES = 13;
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
        List<Band> bands = bands(image.rgb(), 3 * image.width());
        boolean latin1 = StandardCharsets.ISO_8859_1.newEncoder().canEncode(infotext);
        byte[] text = infotext.isEmpty() ? new byte[0] : text(infotext, latin1);
        int idatBytes = ZLIB_HEADER.length + ZLIB_END.length + Integer.BYTES;
        for (Band band : bands) {
            idatBytes += band.length();
        }
        int textBytes = text.length == 0 ? 0 : CHUNK_BYTES + text.length;
        // In one piece of the right size, since a large image's file is counted in megabytes
        ByteBuffer file = ByteBuffer.allocate(
                SIGNATURE.length + CHUNK_BYTES + IHDR_BYTES + textBytes + CHUNK_BYTES + idatBytes + CHUNK_BYTES);
        file.put(SIGNATURE);
        ByteBuffer header =
                ByteBuffer.allocate(IHDR_BYTES).putInt(image.width()).putInt(image.height());
        chunk(
                file,
                "IHDR",
                IHDR_BYTES,
                () -> file.put(header.put(DEPTH_BITS).put(TRUECOLOUR).array())); // no options: zeros
        if (text.length > 0) {
            chunk(file, latin1 ? "tEXt" : "iTXt", text.length, () -> file.put(text));
        }
        chunk(file, "IDAT", idatBytes, () -> join(bands, file));
        chunk(file, "IEND", 0, () -> {});
        return file.array();
    }

    /** {@code tEXt} holds Latin-1 alone; {@code iTXt} holds anything, but fewer programs read it. */
    private static byte[] text(String text, boolean latin1) {
        Charset charset = latin1 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
        // After the keyword: its end; in iTXt also no compression (2 bytes), no language, no translated keyword
        String prefix = KEYWORD + (latin1 ? "\0" : "\0\0\0\0\0");
        return (prefix + text.replace("\0", "")).getBytes(charset);
    }

    /** Bands of rows that all cores share; how many there are does not depend on the cores, so neither do the bytes. */
    private static List<Band> bands(byte[] rgb, int rowBytes) {
        int rows = rgb.length / rowBytes;
        return IntStream.range(0, Math.ceilDiv(rows, BAND_ROWS))
                .parallel()
                .mapToObj(band -> Band.of(
                        PngFilters.paeth(rgb, rowBytes, band * BAND_ROWS, Math.min(rows, (band + 1) * BAND_ROWS))))
                .toList();
    }

    private static void join(List<Band> bands, ByteBuffer file) {
        file.put(ZLIB_HEADER);
        int sum = 1;
        for (Band band : bands) {
            file.put(band.deflated(), 0, band.length());
            sum = joined(sum, band);
        }
        file.put(ZLIB_END).putInt(sum);
    }

    /** Adler-32 (RFC 1950, section 8.2) of what came before and of a band. */
    private static int joined(int sum, Band band) {
        long low = (sum & 0xFFFF) + (band.sum() & 0xFFFF) + ADLER - 1;
        long high = (sum >>> 16) + (band.sum() >>> 16) + (long) band.bytes() * ((sum & 0xFFFF) + ADLER - 1);
        return (int) ((high % ADLER) << 16 | (low % ADLER));
    }

    /**
     * Filtered rows, deflated.
     *
     * @param bytes how many were filtered
     * @param sum their Adler-32
     * @param deflated begins with them; what follows is scratch
     * @param length of the deflated ones
     */
    private record Band(int bytes, int sum, byte[] deflated, int length) {

        /**
         * Raw deflate up to a whole byte. Residuals hardly repeat, so Huffman's code alone is fastest and smallest; but it
         * spends a bit on every byte, so flat bands, zeros for the most part, are searched for matches.
         */
        static Band of(byte[] filtered) {
            Adler32 sum = new Adler32();
            sum.update(filtered);
            Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
            try {
                deflater.setStrategy(mostlyZeros(filtered) ? Deflater.DEFAULT_STRATEGY : Deflater.HUFFMAN_ONLY);
                deflater.setInput(filtered);
                byte[] out = new byte[filtered.length / 2 + 64];
                int length = 0;
                while (true) {
                    length += deflater.deflate(out, length, out.length - length, Deflater.SYNC_FLUSH);
                    // The first call only takes the strategy over and returns nothing
                    if (length < out.length && deflater.needsInput()) {
                        return new Band(filtered.length, (int) sum.getValue(), out, length);
                    }
                    if (length == out.length) {
                        out = Arrays.copyOf(out, out.length + filtered.length / 4 + 64);
                    }
                }
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

    private static void chunk(ByteBuffer file, String type, int length, Runnable content) {
        file.putInt(length);
        int from = file.position();
        file.put(type.getBytes(StandardCharsets.US_ASCII));
        content.run();
        CRC32 crc = new CRC32();
        crc.update(file.duplicate().flip().position(from));
        file.putInt((int) crc.getValue());
    }
}
