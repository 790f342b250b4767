package dev.mobilediffusion.server.transport;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.util.function.Consumer;

/** Helidon's writer, through which a reply goes out in the form that the {@link Exchange} asks for. */
record ReplyWriter(DataWriter writer, Exchange exchange) implements DataWriter {

    @Override
    public void write(BufferData... buffers) {
        write(BufferData.create(buffers));
    }

    @Override
    public void write(BufferData buffer) {
        shape(buffer, writer::write);
    }

    @Override
    public void writeNow(BufferData... buffers) {
        writeNow(BufferData.create(buffers));
    }

    @Override
    public void writeNow(BufferData buffer) {
        shape(buffer, writer::writeNow);
    }

    @Override
    public void flush() {
        writer.flush();
    }

    @Override
    public void close() {
        writer.close();
    }

    private void shape(BufferData buffer, Consumer<BufferData> out) {
        if (exchange.isAsIs()) {
            out.accept(buffer);
            return;
        }
        byte[] shaped = exchange.shaped(buffer.readBytes());
        if (shaped.length > 0) {
            out.accept(BufferData.create(shaped));
        }
    }
}
