package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HuffmanBlockTest {

    /** An empty stored block, the last one. */
    private static final byte[] END = {1, 0, 0, (byte) 0xFF, (byte) 0xFF};

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 255, 256, 98_368})
    void zlibReadsBackEveryLength(int length) throws DataFormatException {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);

        assertThat(inflated(HuffmanBlock.deflate(bytes)), is(bytes));
    }

    @Test
    void zlibReadsBackASingleValue() throws DataFormatException {
        byte[] bytes = new byte[1000];
        Arrays.fill(bytes, (byte) 0xFF);

        byte[] block = HuffmanBlock.deflate(bytes);

        assertThat(inflated(block), is(bytes));
        assertThat(block.length, is(lessThan(300))); // a bit for each, and the code
    }

    @Test
    void zlibReadsBackBlocksOneAfterTheOther() throws DataFormatException {
        byte[] first = residuals(5000, 1);
        byte[] second = residuals(7001, 2);

        byte[] read = inflated(HuffmanBlock.deflate(first), HuffmanBlock.deflate(second));

        assertThat(Arrays.copyOf(read, first.length), is(first));
        assertThat(Arrays.copyOfRange(read, first.length, read.length), is(second));
    }

    /** Fibonacci's numbers as counts make the longest codes: 25 of them would need 24 bits, and deflate knows 15. */
    @Test
    void keepsCodesWithinDeflatesLimit() throws DataFormatException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int before = 0;
        int count = 1;
        for (int value = 0; value < 25; value++) {
            for (int i = 0; i < count; i++) {
                bytes.write(value);
            }
            int next = before + count;
            before = count;
            count = next;
        }

        HuffmanCode code = HuffmanCode.of(bytes.toByteArray());

        for (int symbol = 0; symbol < HuffmanCode.SYMBOLS; symbol++) {
            assertThat(code.length(symbol), is(lessThanOrEqualTo(HuffmanCode.MAX_LENGTH)));
        }
        assertThat(inflated(HuffmanBlock.deflate(bytes.toByteArray())), is(bytes.toByteArray()));
    }

    @Test
    void isHardlyLongerThanZlibsOwnHuffmanCoding() {
        byte[] bytes = residuals(98_368, 3);
        Deflater zlib = new Deflater(Deflater.BEST_SPEED, true);
        zlib.setStrategy(Deflater.HUFFMAN_ONLY);
        zlib.setInput(bytes);
        zlib.finish();
        int zlibs = 0;
        while (!zlib.finished()) {
            zlibs += zlib.deflate(new byte[2 * bytes.length]);
        }
        zlib.end();

        assertThat(HuffmanBlock.deflate(bytes).length, is(lessThan(zlibs * 101 / 100)));
    }

    @Test
    void refusesABlockOfNothing() {
        assertThrows(IllegalArgumentException.class, () -> HuffmanBlock.deflate(new byte[0]));
    }

    /** Small numbers around zero, as a row filter leaves them. */
    private static byte[] residuals(int length, long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) Math.round(random.nextGaussian() * 4);
        }
        return bytes;
    }

    private static byte[] inflated(byte[]... blocks) throws DataFormatException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        for (byte[] block : blocks) {
            stream.writeBytes(block);
        }
        stream.writeBytes(END);
        Inflater inflater = new Inflater(true);
        inflater.setInput(stream.toByteArray());
        byte[] bytes = new byte[1 << 20];
        int length = inflater.inflate(bytes);
        assertThat(inflater.finished(), is(true));
        inflater.end();
        return Arrays.copyOf(bytes, length);
    }
}
