package dev.mobilediffusion.runtime.measure;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A network of one matrix product, {@code y = x · w}, written as ONNX's protobuf. All square, float32. */
final class MatMulModel {

    static final String INPUT = "x";

    private static final int FLOAT = 1;

    private MatMulModel() {}

    static byte[] bytes(int side) {
        Message node = new Message().text(1, INPUT).text(1, "w").text(2, "y").text(4, "MatMul");
        ByteBuffer weights = ByteBuffer.allocate(side * side * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (weights.hasRemaining()) {
            weights.putFloat(0.25f);
        }
        Message tensor = new Message()
                .number(1, side)
                .number(1, side)
                .number(2, FLOAT)
                .text(8, "w")
                .bytes(9, weights.array());
        Message graph = new Message()
                .message(1, node)
                .text(2, "peak")
                .message(5, tensor)
                .message(11, value(INPUT, side))
                .message(12, value("y", side));
        Message operators = new Message().text(1, "").number(2, 13);
        return new Message()
                .number(1, 8)
                .message(7, graph)
                .message(8, operators)
                .bytes
                .toByteArray();
    }

    private static Message value(String name, int side) {
        Message dimension = new Message().number(1, side);
        Message shape = new Message().message(1, dimension).message(1, dimension);
        Message tensorType = new Message().number(1, FLOAT).message(2, shape);
        return new Message().text(1, name).message(2, new Message().message(1, tensorType));
    }

    /** A protobuf message being written; fields by number. */
    private static final class Message {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private Message number(int field, long value) {
            varint((long) field << 3);
            varint(value);
            return this;
        }

        private Message bytes(int field, byte[] value) {
            varint((long) field << 3 | 2);
            varint(value.length);
            bytes.writeBytes(value);
            return this;
        }

        private Message text(int field, String value) {
            return bytes(field, value.getBytes(StandardCharsets.UTF_8));
        }

        private Message message(int field, Message value) {
            return bytes(field, value.bytes.toByteArray());
        }

        private void varint(long value) {
            long rest = value;
            while (rest > 0x7f) {
                bytes.write((int) ((rest & 0x7f) | 0x80));
                rest >>>= 7;
            }
            bytes.write((int) rest);
        }
    }
}
