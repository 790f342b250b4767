package dev.mobilediffusion.runtime.onnx;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An input or output as the model declares it.
 *
 * @param name its name in the graph
 * @param type what its elements are
 * @param shape its dimensions, -1 where any length will do
 * @param dimensionNames a name for each dimension, empty where it has none; equal names mean equal lengths
 */
public record TensorSpec(String name, ElementType type, long[] shape, List<String> dimensionNames) {

    /** {@code rows}, or {@code 8 * rows} as exporters write a length that follows from another. */
    private static final Pattern DEPENDENT = Pattern.compile("(?:(\\d{1,9})\\s*\\*\\s*)?([A-Za-z_]\\w*)");

    public TensorSpec {
        dimensionNames = List.copyOf(dimensionNames);
    }

    /** With free dimensions that have no names. */
    TensorSpec(String name, ElementType type, long... shape) {
        this(name, type, shape, Arrays.stream(shape).mapToObj(any -> "").toList());
    }

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

    /** Adds the lengths that a tensor of {@code actual} dimensions gives to the names of the free ones. */
    void nameLengths(long[] actual, Map<String, Long> lengths) {
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] < 0 && !dimensionNames.get(i).isEmpty()) {
                lengths.put(dimensionNames.get(i), actual[i]);
            }
        }
    }

    /** Its dimensions where names have these lengths; empty when that does not tell all of them. */
    Optional<long[]> resolve(Map<String, Long> lengths) {
        long[] resolved = shape.clone();
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] < 0) {
                OptionalLong length = length(dimensionNames.get(i), lengths);
                if (length.isEmpty()) {
                    return Optional.empty();
                }
                resolved[i] = length.getAsLong();
            }
        }
        return Optional.of(resolved);
    }

    private static OptionalLong length(String dimension, Map<String, Long> lengths) {
        Matcher dependent = DEPENDENT.matcher(dimension);
        if (!dependent.matches() || !lengths.containsKey(dependent.group(2))) {
            return OptionalLong.empty();
        }
        long factor = dependent.group(1) == null ? 1 : Long.parseLong(dependent.group(1));
        return OptionalLong.of(factor * lengths.get(dependent.group(2)));
    }

    @Override
    public String toString() {
        return "%s %s%s".formatted(name, type, Arrays.toString(shape));
    }
}
