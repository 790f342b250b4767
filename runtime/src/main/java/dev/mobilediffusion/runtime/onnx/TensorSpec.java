package dev.mobilediffusion.runtime.onnx;

import java.util.Arrays;

/**
 * An input or output as the model declares it.
 *
 * @param name its name in the graph
 * @param type what its elements are
 * @param shape its dimensions, -1 where any length will do
 */
public record TensorSpec(String name, ElementType type, long[] shape) {

    public int rank() {
        return shape.length;
    }

    /** Whether every dimension is fixed. */
    public boolean isStatic() {
        for (long dimension : shape) {
            if (dimension < 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether a tensor of {@code actual} dimensions is one of these. */
    public boolean accepts(long... actual) {
        if (actual.length != shape.length) {
            return false;
        }
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] >= 0 && shape[i] != actual[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return "%s %s%s".formatted(name, type, Arrays.toString(shape));
    }
}
