package dev.mobilediffusion.runtime.adapter;

import dev.mobilediffusion.runtime.bundle.GraphFile;
import dev.mobilediffusion.runtime.bundle.GraphFile.Node;
import dev.mobilediffusion.runtime.bundle.GraphTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The linear and convolution layers of a network whose weights lie in integers, or behind a Cast: what is added to them is
 * added to their float values, which are then quantized anew with scales of their own. Not thread-safe.
 */
final class GraphLayers {

    private static final Set<String> OPERATORS = Set.of("MatMul", "Gemm", "Conv", "MatMulInteger", "ConvInteger");

    private final GraphFile graph;
    private final Map<String, Node> producers;
    private final Map<String, List<Node>> consumers;
    private final Map<String, Layer> layers = new LinkedHashMap<>();
    private final IdentityHashMap<Layer, List<Supplier<float[]>>> changes =
            new IdentityHashMap<>(); // equality would compare the weights

    /**
     * A layer: {@code out} rows of {@code in} weights, a convolution's kernel counted to {@code in}.
     *
     * @param weights how they lie in the file
     * @param flipped whether the file holds {@code in} rows of {@code out} weights
     */
    record Layer(Node node, StoredWeights weights, int out, int in, boolean flipped) {}

    private GraphLayers(GraphFile graph) {
        this.graph = graph;
        this.producers = graph.producers();
        this.consumers = graph.consumers();
        graph.nodes().forEach(this::recognize);
    }

    static GraphLayers open(Path model) {
        return new GraphLayers(GraphFile.open(model));
    }

    int size() {
        return layers.size();
    }

    /** The layer called {@code key}: its node's name with {@code _} for dots and slashes. */
    Optional<Layer> layer(String key) {
        return Optional.ofNullable(layers.get(key));
    }

    /** @param delta makes (out, in), row by row; asked when the network is written, since those of all layers fill the heap */
    void add(Layer layer, Supplier<float[]> delta) {
        changes.computeIfAbsent(layer, key -> new ArrayList<>()).add(delta);
    }

    private static float[] sum(Layer layer, List<Supplier<float[]>> deltas) {
        float[] sum = new float[layer.out * layer.in];
        deltas.forEach(delta -> add(layer, delta.get(), sum));
        return sum;
    }

    private static void add(Layer layer, float[] delta, float[] sum) {
        for (int row = 0; row < layer.out; row++) {
            for (int column = 0; column < layer.in; column++) {
                int at = layer.flipped ? column * layer.out + row : row * layer.in + column;
                sum[at] += delta[row * layer.in + column];
            }
        }
    }

    /** Writes the network with what was added; whether anything was. */
    boolean write(Path target) {
        if (changes.isEmpty()) {
            return false;
        }
        changes.forEach((layer, deltas) -> layer.weights.changeBy(graph, sum(layer, deltas)));
        graph.write(target);
        return true;
    }

    private void recognize(Node node) {
        if (!OPERATORS.contains(node.operator())) {
            return;
        }
        boolean convolution = node.operator().startsWith("Conv");
        boolean flipped = !convolution && node.wholes().getOrDefault("transB", 0L) == 0;
        Optional<StoredWeights> stored = node.operator().endsWith("Integer")
                ? integers(node, flipped)
                : StoredWeights.behind(graph, producers, node, flipped ? 1 : 0);
        stored.filter(weights -> convolution
                        ? weights.shape().size() > 2
                        : weights.shape().size() == 2)
                .ifPresent(weights -> {
                    int first = Math.toIntExact(weights.shape().getFirst());
                    int rest = weights.size() / first;
                    Layer layer = new Layer(node, weights, flipped ? rest : first, flipped ? first : rest, flipped);
                    names(node).forEach(name -> layers.putIfAbsent(name, layer));
                });
    }

    /** The scale of integer weights is multiplied in behind the product: Cast, Mul by the product of both scales. */
    private Optional<StoredWeights> integers(Node node, boolean flipped) {
        for (Node cast : consumers.getOrDefault(node.outputs().getFirst(), List.of())) {
            for (Node product : consumers.getOrDefault(cast.outputs().getFirst(), List.of())) {
                for (String input : product.inputs()) {
                    Node scales = producers.get(input);
                    if (scales == null || !scales.operator().equals("Mul")) {
                        continue;
                    }
                    for (int i = 0; i < scales.inputs().size(); i++) {
                        Optional<GraphTensor> scale = graph.tensor(scales.input(i));
                        if (scale.isPresent() && scale.get().type() == GraphTensor.FLOAT) {
                            return StoredWeights.ofIntegers(graph, node, scales, i, flipped ? 1 : 0);
                        }
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** The whole name, without what a quantizer appended; and, where the last part only names the operator, the rest. */
    private static List<String> names(Node node) {
        String name = node.name().startsWith("/") ? node.name().substring(1) : node.name();
        String plain = name.replaceFirst("_quant$", "").replaceFirst("(/?Gemm(?:_\\d+)?)_MatMul$", "$1");
        List<String> names = new ArrayList<>(List.of(flat(plain)));
        if (plain.matches(".+/(?:MatMul|Gemm|Conv)")) {
            names.add(flat(plain.substring(0, plain.lastIndexOf('/'))));
        }
        return names;
    }

    private static String flat(String name) {
        return name.replace('/', '_').replace('.', '_');
    }
}
