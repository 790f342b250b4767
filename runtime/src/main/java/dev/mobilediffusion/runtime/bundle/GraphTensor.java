package dev.mobilediffusion.runtime.bundle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A weight of a graph.
 *
 * @param shape its dimensions, none for a single number
 * @param type as ONNX numbers them: {@link #FLOAT}, {@link #INT8}, …
 * @param data its elements in order, little-endian; not copied
 */
public record GraphTensor(String name, List<Long> shape, int type, ByteBuffer data) {

    public static final int FLOAT = 1;
    public static final int UINT8 = 2;
    public static final int INT8 = 3;
    public static final int INT32 = 6;
    public static final int INT64 = 7;
    public static final int HALF = 10;

    // Field numbers of onnx.proto
    private static final int DIMS = 1;
    private static final int TYPE = 2;
    private static final int FLOAT_DATA = 4;
    private static final int INT32_DATA = 5;
    private static final int INT64_DATA = 7;
    private static final int NAME = 8;
    private static final int RAW_DATA = 9;
    private static final int EXTERNAL_DATA = 13;

    public GraphTensor {
        shape = List.copyOf(shape);
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Of 64-bit whole numbers. */
    public static GraphTensor of(String name, List<Long> shape, long... values) {
        ByteBuffer data = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.asLongBuffer().put(values);
        return new GraphTensor(name, shape, INT64, data);
    }

    /** Of 32-bit floats. */
    public static GraphTensor of(String name, List<Long> shape, float... values) {
        ByteBuffer data = room(values.length * Float.BYTES);
        data.asFloatBuffer().put(values);
        return new GraphTensor(name, shape, FLOAT, data);
    }

    /** Of bytes. */
    public static GraphTensor of(String name, List<Long> shape, int type, byte[] values) {
        return new GraphTensor(
                name, shape, type, room(values.length).put(values).flip());
    }

    /** How many elements the shape has. */
    public int size() {
        return Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
    }

    /** The elements of an {@link #INT64} tensor. */
    public long[] longs() {
        require(INT64, Long.BYTES);
        long[] values = new long[size()];
        data.asLongBuffer().get(values);
        return values;
    }

    /** The elements of a {@link #FLOAT} or {@link #HALF} tensor. */
    public float[] floats() {
        float[] values = new float[size()];
        if (type == HALF) {
            require(HALF, Short.BYTES);
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.float16ToFloat(data.getShort(i * Short.BYTES));
            }
        } else {
            require(FLOAT, Float.BYTES);
            data.asFloatBuffer().get(values);
        }
        return values;
    }

    /** The elements of an {@link #INT8} or {@link #UINT8} tensor. */
    public int[] wholes() {
        require(type == UINT8 ? UINT8 : INT8, Byte.BYTES);
        int[] values = new int[size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = type == UINT8 ? data.get(i) & 0xff : data.get(i);
        }
        return values;
    }

    /** The elements of a tensor of bytes. */
    public byte[] bytes() {
        byte[] values = new byte[data.remaining()];
        data.duplicate().get(values);
        return values;
    }

    /** Whether it has the type, that many dimensions, and all its elements. */
    public boolean is(int wanted, int dimensions) {
        return type == wanted && shape.size() == dimensions;
    }

    private void require(int wanted, int bytes) {
        if (type != wanted || data.remaining() != (long) size() * bytes) {
            throw new IllegalArgumentException("%s has type %s and %s bytes, wanted %s of type %s"
                    .formatted(name, type, data.remaining(), size(), wanted));
        }
    }

    /** Empty for one whose elements lie in another file, or in a form that is not read here. */
    static Optional<GraphTensor> read(ProtoFields tensor) {
        List<Long> shape = new ArrayList<>();
        int type = 0;
        String name = "";
        Optional<ByteBuffer> data = Optional.empty();
        while (tensor.next()) {
            switch (tensor.number()) {
                case DIMS -> shape.addAll(tensor.wholes());
                case TYPE -> type = (int) tensor.value();
                case NAME -> name = tensor.text();
                case RAW_DATA, FLOAT_DATA -> data = Optional.of(tensor.bytes());
                case INT32_DATA, INT64_DATA -> data = packed(tensor.wholes(), type);
                case EXTERNAL_DATA -> {
                    return Optional.empty();
                }
                default -> {}
            }
        }
        GraphTensor read = new GraphTensor(name, shape, type, data.orElse(ByteBuffer.allocate(0)));
        return data.isPresent() ? Optional.of(read) : Optional.empty();
    }

    private static Optional<ByteBuffer> packed(List<Long> values, int type) {
        ByteBuffer bytes = ByteBuffer.allocate(values.size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            switch (type) {
                case UINT8, INT8 -> bytes.put((byte) value);
                case HALF -> bytes.putShort((short) value);
                case INT32 -> bytes.putInt((int) value);
                case INT64 -> bytes.putLong(value);
                default -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(bytes.flip());
    }

    static String nameOf(ProtoFields tensor) {
        String name = "";
        while (tensor.next()) {
            if (tensor.number() == NAME) {
                name = tensor.text();
            }
        }
        return name;
    }

    /** As it is written: what says what it is, and its elements, which are not copied. */
    List<ByteBuffer> message() {
        ProtoWriter message = new ProtoWriter();
        shape.forEach(dimension -> message.whole(DIMS, dimension));
        message.whole(TYPE, type).text(NAME, name);
        return List.of(message.begin(RAW_DATA, data.remaining()).written(), data.duplicate());
    }

    /** Outside the heap, which is small on a board, while a network's weights are many. */
    private static ByteBuffer room(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
