package dev.mobilediffusion.server.grpc;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The server's side of an HTTP/2 connection, noted in the {@link StreamLedger}. Helidon writes one whole frame per call;
 * a lock keeps ours from falling into the middle of one.
 */
final class FrameWatch implements DataWriter {

    private static final int WINDOW_UPDATE_BYTES = 4;

    private final DataWriter target;
    private final StreamLedger ledger;
    private final ReentrantLock lock = new ReentrantLock();

    FrameWatch(DataWriter target, StreamLedger ledger) {
        this.target = target;
        this.ledger = ledger;
    }

    @Override
    public void write(BufferData... buffers) {
        write(BufferData.create(buffers));
    }

    @Override
    public void write(BufferData frame) {
        note(frame);
        locked(() -> target.write(frame));
    }

    @Override
    public void writeNow(BufferData... buffers) {
        writeNow(BufferData.create(buffers));
    }

    @Override
    public void writeNow(BufferData frame) {
        note(frame);
        locked(() -> target.writeNow(frame));
    }

    @Override
    public void flush() {
        locked(target::flush);
    }

    @Override
    public void close() {
        target.close();
    }

    /** Lets the client send {@code bytes} more, at least 1, over all of its streams. */
    void widenConnection(int bytes) {
        ByteBuffer frame = ByteBuffer.allocate(9 + WINDOW_UPDATE_BYTES)
                .put(new byte[] {0, 0, WINDOW_UPDATE_BYTES, (byte) StreamLedger.WINDOW_UPDATE, 0})
                .putInt(0) // the connection itself
                .putInt(bytes);
        locked(() -> target.writeNow(BufferData.create(frame.array())));
    }

    private void note(BufferData frame) {
        int stream = (frame.get(5) & 0x7F) << 24
                | (frame.get(6) & 0xFF) << 16
                | (frame.get(7) & 0xFF) << 8
                | (frame.get(8) & 0xFF);
        ledger.sent(frame.get(3) & 0xFF, frame.get(4) & 0xFF, stream);
    }

    private void locked(Runnable write) {
        lock.lock();
        try {
            write.run();
        } finally {
            lock.unlock();
        }
    }
}
