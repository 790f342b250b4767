package dev.mobilediffusion.server.grpc;

import io.helidon.common.buffers.DataReader;
import java.nio.ByteBuffer;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * The client's side of an HTTP/2 connection with prior knowledge, less the frames that the {@link StreamLedger} holds
 * back. Used by the connection's thread alone.
 *
 * <p>A frame is judged when Helidon asks for it, and so after it has dealt with the one before: of frames that come
 * together, the server may end a call between the first and the last.
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
    private int bodyBytesLeft = PREFACE_BYTES;

    /** @param windowGivenBack told the bytes of data that were held back */
    FrameFilter(DataReader source, StreamLedger ledger, IntConsumer windowGivenBack) {
        this.source = source;
        this.ledger = ledger;
        this.windowGivenBack = windowGivenBack;
    }

    /** The next bytes of one frame, at least one; null at the end of the connection, as Helidon's reader wants it. */
    @Override
    public byte[] get() {
        try {
            return bodyBytesLeft > 0 ? body() : header();
        } catch (DataReader.InsufficientDataAvailableException e) {
            return null;
        }
    }

    private byte[] body() {
        source.ensureAvailable();
        int count = Math.min(bodyBytesLeft, source.available());
        bodyBytesLeft -= count;
        return source.readBytes(count);
    }

    /** Of the next frame that passes. */
    private byte[] header() {
        while (true) {
            byte[] header = source.readBytes(HEADER_BYTES);
            int length = ByteBuffer.wrap(header).getInt() >>> Byte.SIZE;
            int type = Byte.toUnsignedInt(header[3]);
            int stream = ByteBuffer.wrap(header).getInt(5) & Integer.MAX_VALUE;
            if (ledger.received(type, Byte.toUnsignedInt(header[4]), stream)) {
                bodyBytesLeft = length;
                return header;
            }
            source.skip(length);
            if (type == StreamLedger.DATA && length > 0) {
                windowGivenBack.accept(length);
            }
        }
    }
}
