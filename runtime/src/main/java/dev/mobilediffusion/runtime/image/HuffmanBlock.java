package dev.mobilediffusion.runtime.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * One block of deflate (RFC 1951, section 3.2.7) that spells bytes by Huffman's code alone, without matches. What a row
 * filter leaves of a drawn picture hardly repeats, so zlib's bookkeeping for matches is most of what it costs there.
 */
final class HuffmanBlock {

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** Lengths of the codes for code lengths come in this order; those of 16 to 18, for runs, are not used. */
    private static final int LENGTH_CODES = 19;

    private static final int RUN_CODES = 3;
    private static final int LENGTH_CODE_BITS = 4; // of each of 0 to 15, which makes them all of the code

    /** Two that nothing uses: some readers refuse a block with fewer. */
    private static final int DISTANCES = 2;

    private static final int HEADER_BITS =
            3 + 14 + 3 * LENGTH_CODES + LENGTH_CODE_BITS * (HuffmanCode.SYMBOLS + DISTANCES);

    /** An empty stored block, which ends at a whole byte, so that blocks can be joined. */
    private static final byte[] WHOLE_BYTE = {0, 0, (byte) 0xFF, (byte) 0xFF};

    private final byte[] out;
    private int at;
    private long pending; // bits that are not in out yet, the first one lowest
    private int pendingBits; // in [0, 7] between two calls

    private HuffmanBlock(long bits) {
        // One byte for a stored block's header, and a long may be written over the end
        out = new byte[Math.toIntExact(bits / Byte.SIZE + 1 + 1 + WHOLE_BYTE.length + Long.BYTES)];
    }

    /** The bytes as a block that is not the last one, ended at a whole byte; {@code bytes} has at least one. */
    static byte[] deflate(byte[] bytes) {
        HuffmanCode code = HuffmanCode.of(bytes);
        HuffmanBlock block = new HuffmanBlock(HEADER_BITS + code.bits());
        block.header(code);
        block.literals(bytes, code);
        block.put(code.reversed(HuffmanCode.END), code.length(HuffmanCode.END));
        return block.ended();
    }

    private void header(HuffmanCode code) {
        put(0b100, 3); // not the last block; a code of its own
        put(HuffmanCode.SYMBOLS - 257, 5);
        put(DISTANCES - 1, 5);
        put(LENGTH_CODES - 4, 4);
        for (int i = 0; i < LENGTH_CODES; i++) {
            put(i < RUN_CODES ? 0 : LENGTH_CODE_BITS, 3);
        }
        for (int symbol = 0; symbol < HuffmanCode.SYMBOLS; symbol++) {
            putLength(code.length(symbol));
        }
        for (int distance = 0; distance < DISTANCES; distance++) {
            putLength(1);
        }
    }

    private void putLength(int length) {
        put(Integer.reverse(length) >>> (Integer.SIZE - LENGTH_CODE_BITS), LENGTH_CODE_BITS);
    }

    /** The loop that a picture waits for: three codes at a time, which with the bits left over fit into a long. */
    private void literals(byte[] bytes, HuffmanCode code) {
        int[] entries = code.entries();
        long bits = pending;
        int used = pendingBits;
        int to = at;
        int i = 0;
        for (; i + 3 <= bytes.length; i += 3) {
            int first = entries[bytes[i] & 0xFF];
            bits |= (long) (first >>> HuffmanCode.LENGTH_BITS) << used;
            used += first & HuffmanCode.LENGTH_MASK;
            int second = entries[bytes[i + 1] & 0xFF];
            bits |= (long) (second >>> HuffmanCode.LENGTH_BITS) << used;
            used += second & HuffmanCode.LENGTH_MASK;
            int third = entries[bytes[i + 2] & 0xFF];
            bits |= (long) (third >>> HuffmanCode.LENGTH_BITS) << used;
            used += third & HuffmanCode.LENGTH_MASK;
            LONG.set(out, to, bits);
            to += used >>> 3;
            bits >>>= used & ~7;
            used &= 7;
        }
        pending = bits;
        pendingBits = used;
        at = to;
        for (; i < bytes.length; i++) {
            put(code.reversed(bytes[i] & 0xFF), code.length(bytes[i] & 0xFF));
        }
    }

    private void put(int value, int bits) {
        pending |= (long) value << pendingBits;
        pendingBits += bits;
        LONG.set(out, at, pending);
        at += pendingBits >>> 3;
        pending >>>= pendingBits & ~7;
        pendingBits &= 7;
    }

    private byte[] ended() {
        put(0, 3); // not the last block; stored
        at += pendingBits > 0 ? 1 : 0;
        byte[] block = new byte[at + WHOLE_BYTE.length];
        System.arraycopy(out, 0, block, 0, at);
        System.arraycopy(WHOLE_BYTE, 0, block, at, WHOLE_BYTE.length);
        return block;
    }
}
