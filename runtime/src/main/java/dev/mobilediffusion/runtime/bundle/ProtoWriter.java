package dev.mobilediffusion.runtime.bundle;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes a protobuf message, field after field: the counterpart of {@link ProtoFields}.
 *
 * <pre>{@code
 * new ProtoWriter().text(4, "Add").message(2, type)
 * }</pre>
 */
final class ProtoWriter {

    private static final int VARINT = 0;
    private static final int LENGTH_DELIMITED = 2;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    ProtoWriter whole(int number, long value) {
        varint(((long) number << 3) | VARINT);
        varint(value);
        return this;
    }

    ProtoWriter text(int number, String value) {
        return content(number, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoWriter message(int number, ProtoWriter message) {
        return content(number, message.bytes.toByteArray());
    }

    /** Fields as they lie in another message. */
    ProtoWriter fields(ByteBuffer fields) {
        byte[] copy = new byte[fields.remaining()];
        fields.duplicate().get(copy);
        bytes.writeBytes(copy);
        return this;
    }

    /** The beginning of a field whose content of {@code length} bytes is to follow. */
    ProtoWriter begin(int number, long length) {
        varint(((long) number << 3) | LENGTH_DELIMITED);
        varint(length);
        return this;
    }

    ByteBuffer written() {
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    private ProtoWriter content(int number, byte[] content) {
        begin(number, content.length);
        bytes.writeBytes(content);
        return this;
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        bytes.write((int) rest);
    }
}
