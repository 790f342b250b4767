package dev.mobilediffusion.runtime.adapter;

import dev.mobilediffusion.runtime.bundle.GraphFile;
import dev.mobilediffusion.runtime.bundle.GraphFile.Node;
import dev.mobilediffusion.runtime.bundle.GraphTensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Weights as a graph holds them: floats, perhaps behind a Cast; integers times a scale for each output channel, in a node of
 * its own or behind an integer product.
 *
 * @param values floats or integers
 * @param reader the node whose input the values are, and which reads changed ones
 * @param input that number
 * @param scale for integers: the node, the input, and the values; empty for floats
 * @param zero for integers: their zero points, one or one a channel; empty for none
 * @param axis for integers: the dimension of the output channels
 * @param asFloats whether changed integers are given as floats: a session makes floats of them anyway when it opens
 */
record StoredWeights(
        GraphTensor values,
        Node reader,
        int input,
        Optional<Scale> scale,
        Optional<GraphTensor> zero,
        int axis,
        boolean asFloats) {

    /**
     * @param node reads it
     * @param input its number there
     */
    private record Scale(Node node, int input, GraphTensor values) {}

    /** What the second input of {@code node} comes from; empty where that are no weights that are known here. */
    static Optional<StoredWeights> behind(GraphFile graph, Map<String, Node> producers, Node node, int axis) {
        Optional<GraphTensor> own = graph.tensor(node.input(1));
        if (own.isPresent()) {
            return own.filter(StoredWeights::isFloat).map(values -> floats(values, node));
        }
        Node before = producers.get(node.input(1));
        return before == null
                ? Optional.empty()
                : switch (before.operator()) {
                    case "Cast" ->
                        graph.tensor(before.input(0))
                                .filter(StoredWeights::isFloat)
                                .map(values -> floats(values, node));
                    case "Mul" -> scaled(graph, producers, before, node, axis);
                    case "DequantizeLinear" -> dequantized(graph, before);
                    default -> Optional.empty();
                };
    }

    private static boolean isFloat(GraphTensor tensor) {
        return tensor.type() == GraphTensor.FLOAT || tensor.type() == GraphTensor.HALF;
    }

    private static boolean isWhole(GraphTensor tensor) {
        return tensor.type() == GraphTensor.INT8 || tensor.type() == GraphTensor.UINT8;
    }

    private static StoredWeights floats(GraphTensor values, Node node) {
        return new StoredWeights(values, node, 1, Optional.empty(), Optional.empty(), 0, true);
    }

    private static Optional<StoredWeights> scaled(
            GraphFile graph, Map<String, Node> producers, Node product, Node node, int axis) {
        Node cast = producers.get(product.input(0));
        Optional<GraphTensor> scale = graph.tensor(product.input(1)).filter(StoredWeights::isFloat);
        if (cast == null || !cast.operator().equals("Cast") || scale.isEmpty()) {
            return Optional.empty();
        }
        return graph.tensor(cast.input(0))
                .filter(StoredWeights::isWhole)
                .map(values -> new StoredWeights(
                        values,
                        node,
                        1,
                        Optional.of(new Scale(product, 1, scale.get())),
                        Optional.empty(),
                        axis,
                        true));
    }

    private static Optional<StoredWeights> dequantized(GraphFile graph, Node node) {
        Optional<GraphTensor> scale = graph.tensor(node.input(1)).filter(StoredWeights::isFloat);
        int axis = node.wholes().getOrDefault("axis", 1L).intValue();
        return graph.tensor(node.input(0))
                .filter(values -> isWhole(values) && scale.isPresent() && axis >= 0)
                .map(values -> new StoredWeights(
                        values,
                        node,
                        0,
                        Optional.of(new Scale(node, 1, scale.get())),
                        graph.tensor(node.input(2)),
                        axis,
                        false));
    }

    /** Of MatMulInteger and ConvInteger, whose scale {@code scales} reads as its input {@code input}. */
    static Optional<StoredWeights> ofIntegers(GraphFile graph, Node node, Node scales, int input, int axis) {
        GraphTensor scale = graph.tensor(scales.input(input)).orElseThrow();
        return graph.tensor(node.input(1))
                .filter(StoredWeights::isWhole)
                .map(values -> new StoredWeights(
                        values,
                        node,
                        1,
                        Optional.of(new Scale(scales, input, scale)),
                        graph.tensor(node.input(3)),
                        axis,
                        false));
    }

    List<Long> shape() {
        return values.shape();
    }

    int size() {
        return values.size();
    }

    /**
     * Has {@code graph} read these weights with {@code change} added.
     *
     * @param change in the order in which they are stored
     */
    void changeBy(GraphFile graph, float[] change) {
        int[] zeros = zero.map(GraphTensor::wholes).orElse(new int[] {0});
        float[] changed = scale.map(present -> dequantized(values, present.values.floats(), zeros, axis))
                .orElseGet(values::floats);
        for (int i = 0; i < changed.length; i++) {
            changed[i] += change[i];
        }
        String name = "lora/" + reader.index() + "/" + values.name();
        if (asFloats) {
            graph.replace(reader, input, GraphTensor.of(name, values.shape(), changed));
        } else {
            requantize(graph, changed, zeros, name);
        }
    }

    private static float[] dequantized(GraphTensor values, float[] scales, int[] zeros, int axis) {
        int[] stored = values.wholes();
        float[] floats = new float[stored.length];
        for (int i = 0; i < stored.length; i++) {
            int channel = channel(values.shape(), axis, i);
            floats[i] = (stored[i] - of(zeros, channel)) * scales[scales.length == 1 ? 0 : channel];
        }
        return floats;
    }

    /** As far from zero as before: a quantizer may have left the outermost levels free, lest products overflow. */
    private void requantize(GraphFile graph, float[] weights, int[] zeros, String name) {
        int[] before = values.wholes();
        float[] scales = new float[scale.orElseThrow().values.size()];
        int levels = 1;
        for (int i = 0; i < before.length; i++) {
            int channel = channel(values.shape(), axis, i);
            levels = Math.max(levels, Math.abs(before[i] - of(zeros, channel)));
            int at = scales.length == 1 ? 0 : channel;
            scales[at] = Math.max(scales[at], Math.abs(weights[i]));
        }
        for (int at = 0; at < scales.length; at++) {
            scales[at] = scales[at] == 0 ? 1 : scales[at] / levels;
        }
        byte[] after = new byte[before.length];
        int lowest = values.type() == GraphTensor.UINT8 ? 0 : Byte.MIN_VALUE;
        for (int i = 0; i < after.length; i++) {
            int channel = channel(values.shape(), axis, i);
            int level = Math.round(weights[i] / scales[scales.length == 1 ? 0 : channel]);
            after[i] = (byte) Math.clamp(level + of(zeros, channel), lowest, lowest + 255);
        }
        graph.replace(reader, input, GraphTensor.of(name, values.shape(), values.type(), after));
        Scale old = scale.orElseThrow();
        graph.replace(old.node, old.input, GraphTensor.of(name + "/scale", old.values.shape(), scales));
    }

    private static int of(int[] zeros, int channel) {
        return zeros[zeros.length == 1 ? 0 : channel];
    }

    /** Of the element with that number, row by row. */
    private static int channel(List<Long> shape, int axis, int element) {
        long within = shape.stream().skip(axis + 1L).reduce(1L, Math::multiplyExact);
        return (int) (element / within % shape.get(axis));
    }
}
