package dev.mobilediffusion.server.grpc;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import java.io.ByteArrayOutputStream;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * The client's side of an HTTP/2 connection with prior knowledge, less the frames that the {@link StreamLedger} holds
 * back. Used by the connection's thread alone.
 *
 * <p>Data that is held back has used up some of the connection's window (RFC 9113, section 6.9), which is given back at
 * once: else a few refused requests would leave none for anybody.
 */
final class FrameFilter implements Supplier<byte[]> {

    /** {@code PRI * HTTP/2.0 SM}: RFC 9113, section 3.4. */
    private static final int PREFACE_BYTES = 24;

    /** Length (24 bits), type (8), flags (8), stream (31, after one reserved): RFC 9113, section 4.1. */
    private static final int HEADER_BYTES = 9;

    private final DataReader source;
    private final StreamLedger ledger;
    private final IntConsumer windowGivenBack;
    private final byte[] header = new byte[HEADER_BYTES];
    private int headerBytes;
    private int bodyBytesLeft = PREFACE_BYTES;
    private boolean passing = true;

    /** @param windowGivenBack told the bytes of data that were held back */
    FrameFilter(DataReader source, StreamLedger ledger, IntConsumer windowGivenBack) {
        this.source = source;
        this.ledger = ledger;
        this.windowGivenBack = windowGivenBack;
    }

    /** The next bytes, at least one; null at the end of the connection, as Helidon's reader wants it. */
    @Override
    public byte[] get() {
        ByteArrayOutputStream passed = new ByteArrayOutputStream();
        while (passed.size() == 0) {
            BufferData next;
            try {
                next = source.readBuffer();
            } catch (DataReader.InsufficientDataAvailableException e) {
                return null;
            }
            filter(next, passed);
        }
        return passed.toByteArray();
    }

    private void filter(BufferData chunk, ByteArrayOutputStream passed) {
        byte[] bytes = new byte[chunk.available()];
        chunk.read(bytes);
        int position = 0;
        while (position < bytes.length) {
            int count;
            if (bodyBytesLeft > 0) {
                count = Math.min(bodyBytesLeft, bytes.length - position);
                bodyBytesLeft -= count;
                if (passing) {
                    passed.write(bytes, position, count);
                }
            } else {
                count = Math.min(HEADER_BYTES - headerBytes, bytes.length - position);
                System.arraycopy(bytes, position, header, headerBytes, count);
                headerBytes += count;
                if (headerBytes == HEADER_BYTES) {
                    beginFrame(passed);
                }
            }
            position += count;
        }
    }

    private void beginFrame(ByteArrayOutputStream passed) {
        headerBytes = 0;
        bodyBytesLeft = unsigned(0) << 16 | unsigned(1) << 8 | unsigned(2);
        int stream = (unsigned(5) & 0x7F) << 24 | unsigned(6) << 16 | unsigned(7) << 8 | unsigned(8);
        passing = ledger.received(unsigned(3), unsigned(4), stream);
        if (passing) {
            passed.write(header, 0, HEADER_BYTES);
        } else if (unsigned(3) == StreamLedger.DATA && bodyBytesLeft > 0) {
            windowGivenBack.accept(bodyBytesLeft);
        }
    }

    private int unsigned(int index) {
        return Byte.toUnsignedInt(header[index]);
    }
}
