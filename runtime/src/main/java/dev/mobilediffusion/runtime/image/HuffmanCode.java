package dev.mobilediffusion.runtime.image;

import java.util.Arrays;

/** Huffman's code (1952) for the bytes of one block and its end, in deflate's canonical form (RFC 1951, section 3.2.2). */
final class HuffmanCode {

    /** Bytes, and the end of the block. */
    static final int SYMBOLS = 257;

    static final int END = 256;
    static final int MAX_LENGTH = 15;

    /** An entry is a code, its first bit lowest, above so many bits for its length. */
    static final int LENGTH_BITS = 4;

    static final int LENGTH_MASK = (1 << LENGTH_BITS) - 1;

    private final int[] entries = new int[SYMBOLS];
    private final long bits;

    private HuffmanCode(int[] lengths, int[] counts) {
        int[] next = firstCodes(lengths);
        long sum = 0;
        for (int symbol = 0; symbol < SYMBOLS; symbol++) {
            int length = lengths[symbol];
            sum += (long) length * counts[symbol];
            if (length > 0) {
                int reversed = Integer.reverse(next[length]++) >>> (Integer.SIZE - length);
                entries[symbol] = reversed << LENGTH_BITS | length;
            }
        }
        bits = sum;
    }

    /** The shortest code for {@code bytes}, of which there is at least one, or nearly so where it were too long. */
    static HuffmanCode of(byte[] bytes) {
        if (bytes.length == 0) {
            throw new IllegalArgumentException("a block must have at least one byte");
        }
        int[] counts = new int[SYMBOLS];
        for (byte value : bytes) {
            counts[value & 0xFF]++;
        }
        counts[END] = 1;
        int[] flattened = counts.clone();
        int[] lengths = lengths(flattened);
        while (longest(lengths) > MAX_LENGTH) {
            // Rare symbols that seem less rare get shorter codes
            for (int symbol = 0; symbol < SYMBOLS; symbol++) {
                flattened[symbol] = (flattened[symbol] + 1) / 2;
            }
            lengths = lengths(flattened);
        }
        return new HuffmanCode(lengths, counts);
    }

    /** By symbol, for a loop that cannot afford calls; 0 where the symbol does not occur. */
    int[] entries() {
        return entries;
    }

    /** Bits of the symbol's code; 0 where it does not occur. */
    int length(int symbol) {
        return entries[symbol] & LENGTH_MASK;
    }

    /** The symbol's code, its first bit lowest. */
    int reversed(int symbol) {
        return entries[symbol] >>> LENGTH_BITS;
    }

    /** Of all bytes and the end. */
    long bits() {
        return bits;
    }

    private static int longest(int[] lengths) {
        return Arrays.stream(lengths).max().orElseThrow();
    }

    /** Two symbols or more have counts above 0; the lengths may be any. */
    private static int[] lengths(int[] counts) {
        long[] sorted = new long[SYMBOLS]; // count and symbol
        int leaves = 0;
        for (int symbol = 0; symbol < SYMBOLS; symbol++) {
            if (counts[symbol] > 0) {
                sorted[leaves++] = (long) counts[symbol] << Integer.SIZE | symbol;
            }
        }
        Arrays.sort(sorted, 0, leaves);
        int[] parents = parents(sorted, leaves);
        int[] depths = new int[parents.length]; // the root's, the last one's, is 0
        int[] lengths = new int[SYMBOLS];
        for (int node = parents.length - 2; node >= 0; node--) {
            depths[node] = depths[parents[node]] + 1;
            if (node < leaves) {
                lengths[(int) sorted[node]] = depths[node];
            }
        }
        return lengths;
    }

    /** Joins the two lightest nodes until one is left. Joined ones come out sorted too, so that two queues are enough. */
    private static int[] parents(long[] sorted, int leaves) {
        int nodes = 2 * leaves - 1;
        long[] weights = new long[nodes];
        for (int leaf = 0; leaf < leaves; leaf++) {
            weights[leaf] = sorted[leaf] >>> Integer.SIZE;
        }
        int[] parents = new int[nodes];
        int leaf = 0;
        int joined = leaves;
        for (int node = leaves; node < nodes; node++) {
            for (int child = 0; child < 2; child++) {
                boolean isLeaf = leaf < leaves && (joined == node || weights[leaf] <= weights[joined]);
                int lightest = isLeaf ? leaf++ : joined++;
                weights[node] += weights[lightest];
                parents[lightest] = node;
            }
        }
        return parents;
    }

    /** By length: the code of the first symbol that has it. */
    private static int[] firstCodes(int[] lengths) {
        int[] first = new int[MAX_LENGTH + 1];
        int[] symbols = new int[MAX_LENGTH + 1];
        for (int length : lengths) {
            symbols[length]++;
        }
        symbols[0] = 0;
        for (int length = 1; length <= MAX_LENGTH; length++) {
            first[length] = (first[length - 1] + symbols[length - 1]) << 1;
        }
        return first;
    }
}
