package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a {@code model.onnx} holds, read from the file itself without loading the network.
 *
 * @param className the network's class, as its config.json spells it; empty when that does not say
 * @param operators nodes of its graph
 * @param elements weights by element type, {@code float32 → 859520964}; whole-number constants that only tell shapes left
 *     out
 * @param bytes of all its weights, external ones included
 */
public record NetworkSummary(String className, int operators, Map<String, Long> elements, long bytes) {

    // Field numbers of onnx.proto
    private static final int MODEL_GRAPH = 7;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int NODE_ATTRIBUTE = 5;
    private static final int ATTRIBUTE_TENSOR = 5;
    private static final int TENSOR_DIMS = 1;
    private static final int TENSOR_TYPE = 2;

    /** Element type → its name and its bits; int64 and bool tell shapes, not weights. */
    private static final Map<Integer, ElementKind> KINDS = Map.ofEntries(
            Map.entry(1, new ElementKind("float32", 32)),
            Map.entry(2, new ElementKind("uint8", 8)),
            Map.entry(3, new ElementKind("int8", 8)),
            Map.entry(4, new ElementKind("uint16", 16)),
            Map.entry(5, new ElementKind("int16", 16)),
            Map.entry(6, new ElementKind("int32", 32)),
            Map.entry(10, new ElementKind("float16", 16)),
            Map.entry(11, new ElementKind("float64", 64)),
            Map.entry(16, new ElementKind("bfloat16", 16)),
            Map.entry(17, new ElementKind("float8", 8)),
            Map.entry(19, new ElementKind("float8", 8)),
            Map.entry(21, new ElementKind("uint4", 4)),
            Map.entry(22, new ElementKind("int4", 4)));

    private record ElementKind(String name, int bits) {}

    public NetworkSummary {
        elements = Map.copyOf(elements);
    }

    /**
     * Reads the network {@code folder/network/model.onnx}.
     *
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE when it is damaged
     */
    static NetworkSummary read(Path folder, String network) {
        String className =
                ConfigFile.readIfPresent(folder, network + "/config.json").text("_class_name", "");
        Path file = folder.resolve(network).resolve("model.onnx");
        try (FileChannel channel = FileChannel.open(file)) {
            Counter counter = new Counter();
            ProtoFields model = new ProtoFields(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
            while (model.next()) {
                if (model.number() == MODEL_GRAPH) {
                    counter.graph(model.message());
                }
            }
            if (counter.operators == 0) {
                throw new IllegalArgumentException("no graph in it");
            }
            return new NetworkSummary(className, counter.operators, counter.elements, counter.bits / Byte.SIZE);
        } catch (IOException | BufferUnderflowException | IllegalArgumentException damaged) {
            throw ConfigFile.invalid(
                    "%s/model.onnx is truncated or not ONNX (%s); install the model again", network, damaged);
        }
    }

    /** Weights in all types. */
    public long parameters() {
        return elements.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The type of most weights, and the others that hold more than a hundredth: {@code int8, float32}. */
    public String precision() {
        long least = parameters() / 100;
        return elements.entrySet().stream()
                .filter(entry -> entry.getValue() > least)
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(Map.Entry::getKey)
                .collect(Collectors.joining(", "));
    }

    /** Adds up one graph. */
    private static final class Counter {

        private final Map<String, Long> elements = new TreeMap<>();
        private int operators;
        private long bits;

        private void graph(ProtoFields graph) {
            while (graph.next()) {
                switch (graph.number()) {
                    case GRAPH_NODE -> node(graph.message());
                    case GRAPH_INITIALIZER -> tensor(graph.message());
                    default -> {}
                }
            }
        }

        /** Some exporters write weights as nodes of the type Constant. */
        private void node(ProtoFields node) {
            operators++;
            while (node.next()) {
                if (node.number() == NODE_ATTRIBUTE) {
                    ProtoFields attribute = node.message();
                    while (attribute.next()) {
                        if (attribute.number() == ATTRIBUTE_TENSOR) {
                            tensor(attribute.message());
                        }
                    }
                }
            }
        }

        private void tensor(ProtoFields tensor) {
            long count = 1;
            int type = 0;
            while (tensor.next()) {
                switch (tensor.number()) {
                    case TENSOR_DIMS -> count *= tensor.product();
                    case TENSOR_TYPE -> type = (int) tensor.value();
                    default -> {}
                }
            }
            ElementKind kind = KINDS.get(type);
            if (kind != null) {
                elements.merge(kind.name, count, Long::sum);
                bits += count * kind.bits;
            }
        }
    }
}
