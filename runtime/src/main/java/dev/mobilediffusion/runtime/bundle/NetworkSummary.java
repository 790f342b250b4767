package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a {@code model.onnx} holds, read from the file itself without loading the network.
 *
 * @param className the network's class, as its config.json spells it; empty when that does not say
 * @param operators nodes of its graph
 * @param elements weights by element type, {@code float32 → 859520964}; whole-number constants that only tell shapes, and
 *     the scales and zero points of weights on integers, left out
 * @param bytes of all its weights, external ones included, and of their scales and zero points
 */
public record NetworkSummary(String className, int operators, Map<String, Long> elements, long bytes) {

    // Field numbers of onnx.proto
    private static final int MODEL_GRAPH = 7;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int NODE_INPUT = 1;
    private static final int NODE_OUTPUT = 2;
    private static final int NODE_OPERATOR = 4;
    private static final int NODE_ATTRIBUTE = 5;
    private static final int ATTRIBUTE_TENSOR = 5;
    private static final int TENSOR_DIMS = 1;
    private static final int TENSOR_TYPE = 2;
    private static final int TENSOR_NAME = 8;
    private static final int TENSOR_EXTERNAL_DATA = 13;

    /** Operators on integers → which of their inputs are scales and zero points, as onnx.ai and ONNX Runtime list them. */
    private static final Map<String, Set<Integer>> QUANTIZERS = Map.of(
            "QuantizeLinear", Set.of(1, 2),
            "DequantizeLinear", Set.of(1, 2),
            "QLinearConv", Set.of(1, 2, 4, 5, 6, 7),
            "QLinearMatMul", Set.of(1, 2, 4, 5, 6, 7),
            "MatMulInteger", Set.of(2, 3),
            "ConvInteger", Set.of(2, 3),
            "DynamicQuantizeMatMul", Set.of(2, 3),
            "MatMulNBits", Set.of(2, 3));

    /** What quantizers call the scales and zero points of the weight {@code w}, and the weight itself. */
    private static final Pattern SCALE_NAME = Pattern.compile("(.+)_(scale|zero_point)");

    private static final List<String> QUANTIZED_NAMES = List.of("_quantized", "_int8");

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
            for (ExternalData data : counter.external) {
                data.requireIn(folder.resolve(network), network);
            }
            return new NetworkSummary(className, counter.operators, counter.elements(), counter.bits / Byte.SIZE);
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

        private final List<Weight> weights = new ArrayList<>();
        private final Set<String> scales = new HashSet<>();
        private final Set<ExternalData> external = new LinkedHashSet<>();
        private int operators;
        private long bits;

        private record Weight(String name, ElementKind kind, long count) {}

        private Map<String, Long> elements() {
            Set<String> names = weights.stream().map(Weight::name).collect(Collectors.toSet());
            Map<String, Long> elements = new TreeMap<>();
            for (Weight weight : weights) {
                if (!scales.contains(weight.name) && !isNamedAsScale(weight.name, names)) {
                    elements.merge(weight.kind.name, weight.count, Long::sum);
                }
            }
            return elements;
        }

        private static boolean isNamedAsScale(String name, Set<String> names) {
            Matcher scale = SCALE_NAME.matcher(name);
            return scale.matches()
                    && QUANTIZED_NAMES.stream().anyMatch(ending -> names.contains(scale.group(1) + ending));
        }

        private void graph(ProtoFields graph) {
            while (graph.next()) {
                switch (graph.number()) {
                    case GRAPH_NODE -> node(graph.message());
                    case GRAPH_INITIALIZER -> tensor(graph.message(), "");
                    default -> {}
                }
            }
        }

        /** Some exporters write weights as nodes of the type Constant. */
        private void node(ProtoFields node) {
            operators++;
            List<String> inputs = new ArrayList<>();
            List<ProtoFields> attributes = new ArrayList<>();
            String output = "";
            String operator = "";
            while (node.next()) {
                switch (node.number()) {
                    case NODE_INPUT -> inputs.add(node.text());
                    case NODE_OUTPUT -> output = node.text();
                    case NODE_OPERATOR -> operator = node.text();
                    case NODE_ATTRIBUTE -> attributes.add(node.message());
                    default -> {}
                }
            }
            QUANTIZERS.getOrDefault(operator, Set.of()).stream()
                    .filter(index -> index < inputs.size())
                    .forEach(index -> scales.add(inputs.get(index)));
            for (ProtoFields attribute : attributes) {
                while (attribute.next()) {
                    if (attribute.number() == ATTRIBUTE_TENSOR) {
                        tensor(attribute.message(), output);
                    }
                }
            }
        }

        /** @param constant the name of the node's output where the tensor lies in a node */
        private void tensor(ProtoFields tensor, String constant) {
            long count = 1;
            int type = 0;
            String name = constant;
            ExternalData data = ExternalData.NONE;
            while (tensor.next()) {
                switch (tensor.number()) {
                    case TENSOR_EXTERNAL_DATA -> data = data.with(tensor.message());
                    case TENSOR_NAME -> name = constant.isEmpty() ? tensor.text() : constant;
                    case TENSOR_DIMS -> count *= tensor.product();
                    case TENSOR_TYPE -> type = (int) tensor.value();
                    default -> {}
                }
            }
            if (!data.equals(ExternalData.NONE)) {
                external.add(data);
            }
            ElementKind kind = KINDS.get(type);
            if (kind != null) {
                weights.add(new Weight(name, kind, count));
                bits += count * kind.bits;
            }
        }
    }
}
