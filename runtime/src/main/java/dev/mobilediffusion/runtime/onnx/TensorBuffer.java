package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;

/**
 * An input or output of a network: memory outside the heap which ONNX Runtime reads and writes in place, allocated once
 * and used for every run. Values go in and out as float or int and are converted to the element type. For one thread at
 * a time.
 */
public final class TensorBuffer implements AutoCloseable {

    private final TensorSpec spec;
    private final long[] shape;
    private final int size;
    private final ByteBuffer bytes;
    private final OnnxTensor tensor;
    private boolean closed;

    TensorBuffer(OrtEnvironment environment, TensorSpec spec, long[] shape) throws OrtException {
        this.spec = spec;
        this.shape = shape.clone();
        long elements = 1;
        for (long dimension : shape) {
            elements = Math.multiplyExact(elements, dimension);
        }
        this.size = Math.toIntExact(elements);
        this.bytes = ByteBuffer.allocateDirect(Math.multiplyExact(size, spec.type().bytes))
                .order(ByteOrder.nativeOrder());
        this.tensor = createTensor(environment);
        OnnxRuntime.countOpened();
    }

    private OnnxTensor createTensor(OrtEnvironment environment) throws OrtException {
        return switch (spec.type()) {
            case FLOAT32 -> OnnxTensor.createTensor(environment, bytes.asFloatBuffer(), shape);
            case FLOAT16 -> OnnxTensor.createTensor(environment, bytes.asShortBuffer(), shape, spec.type().javaType);
            case INT64 -> OnnxTensor.createTensor(environment, bytes.asLongBuffer(), shape);
            case INT32 -> OnnxTensor.createTensor(environment, bytes.asIntBuffer(), shape);
            case BOOL -> OnnxTensor.createTensor(environment, bytes, shape, spec.type().javaType);
        };
    }

    public String name() {
        return spec.name();
    }

    /** Number of elements. */
    public int size() {
        return size;
    }

    public long[] shape() {
        return shape.clone();
    }

    OnnxTensor tensor() {
        return tensor;
    }

    /** Writes all of {@code values} from element {@code at} on; whole-number tensors cut off fractions. */
    public void put(int at, float... values) {
        switch (spec.type()) {
            case FLOAT32 -> bytes.asFloatBuffer().put(at, values);
            case FLOAT16 -> {
                ShortBuffer halves = bytes.asShortBuffer();
                for (int i = 0; i < values.length; i++) {
                    halves.put(at + i, Float.floatToFloat16(values[i]));
                }
            }
            case INT64 -> {
                LongBuffer longs = bytes.asLongBuffer();
                for (int i = 0; i < values.length; i++) {
                    longs.put(at + i, (long) values[i]);
                }
            }
            case INT32 -> {
                IntBuffer ints = bytes.asIntBuffer();
                for (int i = 0; i < values.length; i++) {
                    ints.put(at + i, (int) values[i]);
                }
            }
            case BOOL -> {
                for (int i = 0; i < values.length; i++) {
                    bytes.put(at + i, (byte) (values[i] == 0 ? 0 : 1));
                }
            }
        }
    }

    /** Writes {@code value} into every element. */
    public void fill(float value) {
        for (int i = 0; i < size; i++) {
            put(i, value);
        }
    }

    /** Writes token ids from element 0 on; exact up to 2^24 in a float tensor. */
    public void putInts(int[] values) {
        for (int i = 0; i < values.length; i++) {
            switch (spec.type()) {
                case INT64 -> bytes.putLong(i * Long.BYTES, values[i]);
                case INT32 -> bytes.putInt(i * Integer.BYTES, values[i]);
                case FLOAT32, FLOAT16, BOOL -> put(i, values[i]);
            }
        }
    }

    /** Reads {@code values.length} elements from element {@code at} on. Several threads may read at once. */
    public void read(int at, float[] values) {
        switch (spec.type()) {
            case FLOAT32 -> {
                FloatBuffer floats = bytes.asFloatBuffer();
                floats.get(at, values);
            }
            case FLOAT16 -> {
                ShortBuffer halves = bytes.asShortBuffer();
                for (int i = 0; i < values.length; i++) {
                    values[i] = Float.float16ToFloat(halves.get(at + i));
                }
            }
            case INT64 -> {
                LongBuffer longs = bytes.asLongBuffer();
                for (int i = 0; i < values.length; i++) {
                    values[i] = longs.get(at + i);
                }
            }
            case INT32 -> {
                IntBuffer ints = bytes.asIntBuffer();
                for (int i = 0; i < values.length; i++) {
                    values[i] = ints.get(at + i);
                }
            }
            case BOOL -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = bytes.get(at + i);
                }
            }
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            tensor.close();
            OnnxRuntime.countClosed();
        }
    }
}
