package dev.mobilediffusion.server.grpc;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;

/**
 * The server's side of an HTTP/2 connection, noted in the {@link StreamLedger}. Helidon writes one whole frame per call.
 */
record FrameWatch(DataWriter target, StreamLedger ledger) implements DataWriter {

    @Override
    public void write(BufferData... buffers) {
        write(BufferData.create(buffers));
    }

    @Override
    public void write(BufferData frame) {
        note(frame);
        target.write(frame);
    }

    @Override
    public void writeNow(BufferData... buffers) {
        writeNow(BufferData.create(buffers));
    }

    @Override
    public void writeNow(BufferData frame) {
        note(frame);
        target.writeNow(frame);
    }

    @Override
    public void flush() {
        target.flush();
    }

    @Override
    public void close() {
        target.close();
    }

    private void note(BufferData frame) {
        int stream = (frame.get(5) & 0x7F) << 24
                | (frame.get(6) & 0xFF) << 16
                | (frame.get(7) & 0xFF) << 8
                | (frame.get(8) & 0xFF);
        ledger.sent(frame.get(3) & 0xFF, frame.get(4) & 0xFF, stream);
    }
}
