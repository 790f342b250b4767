package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The weights of a network's linear and convolution layers, by the names that exporters give their nodes: {@code
 * /down_blocks.0/attentions.0/proj_in/Conv} is the layer {@code down_blocks_0_attentions_0_proj_in}. They lie in the file
 * itself, and what is added to them is written there: to be used on a copy. Not thread-safe.
 */
public final class NetworkWeights {

    // Field numbers of onnx.proto
    private static final int MODEL_GRAPH = 7;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int NODE_INPUT = 1;
    private static final int NODE_NAME = 3;
    private static final int NODE_OPERATOR = 4;
    private static final int NODE_ATTRIBUTE = 5;
    private static final int ATTRIBUTE_NAME = 1;
    private static final int ATTRIBUTE_INT = 3;
    private static final int TENSOR_DIMS = 1;
    private static final int TENSOR_TYPE = 2;
    private static final int TENSOR_NAME = 8;
    private static final int TENSOR_RAW_DATA = 9;
    private static final int TENSOR_EXTERNAL_DATA = 13;

    private static final int FLOAT = 1;
    private static final int HALF = 10;
    private static final Set<String> OPERATORS = Set.of("MatMul", "Gemm", "Conv");

    private final Path folder;
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final Map<String, Layer> layers = new LinkedHashMap<>();

    /** An initializer; its bytes are the file's. */
    private record Tensor(long[] shape, int type, Optional<ByteBuffer> raw, ExternalData external) {}

    private record Node(String name, String operator, String weight, boolean transposed) {}

    /**
     * A layer: {@code out} rows of {@code in} weights, a convolution's kernel counted to {@code in}.
     *
     * @param flipped whether the file holds {@code in} rows of {@code out} weights
     */
    public record Layer(String initializer, int out, int in, boolean flipped) {}

    private NetworkWeights(Path folder) {
        this.folder = folder;
    }

    /**
     * @param file a {@code model.onnx}
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE when it is damaged
     */
    public static NetworkWeights open(Path file) {
        NetworkWeights weights = new NetworkWeights(file.toAbsolutePath().getParent());
        List<Node> nodes = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ProtoFields model = new ProtoFields(channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size()));
            while (model.next()) {
                if (model.number() == MODEL_GRAPH) {
                    weights.graph(model.message(), nodes);
                }
            }
        } catch (IOException | BufferUnderflowException | IllegalArgumentException damaged) {
            throw ConfigFile.invalid("%s is truncated or not ONNX (%s); install the model again", file, damaged);
        }
        nodes.forEach(weights::layer);
        return weights;
    }

    /** How many layers there are. */
    public int size() {
        return layers.size();
    }

    /**
     * The layer called {@code key}, or the only one whose name ends so: exporters put a wrapper's name before it, and some
     * leave out {@code text_model}.
     */
    public Optional<Layer> layer(String key) {
        if (layers.containsKey(key)) {
            return Optional.of(layers.get(key));
        }
        String shorter = key.startsWith("text_model_") ? key.substring("text_model_".length()) : key;
        if (layers.containsKey(shorter)) {
            return Optional.of(layers.get(shorter));
        }
        List<Layer> ending = layers.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith("_" + shorter))
                .map(Map.Entry::getValue)
                .distinct()
                .toList();
        return ending.size() == 1 ? Optional.of(ending.getFirst()) : Optional.empty();
    }

    /**
     * Adds to a layer's weights in the file.
     *
     * @param delta (out, in), row by row
     */
    public void add(Layer layer, float[] delta) {
        Tensor tensor = tensors.get(layer.initializer);
        ByteBuffer bytes =
                tensor.raw.orElseGet(() -> external(tensor)).duplicate().order(ByteOrder.LITTLE_ENDIAN);
        FloatBuffer floats = bytes.asFloatBuffer();
        ShortBuffer halves = bytes.asShortBuffer();
        for (int row = 0; row < layer.out; row++) {
            for (int column = 0; column < layer.in; column++) {
                int at = layer.flipped ? column * layer.out + row : row * layer.in + column;
                float more = delta[row * layer.in + column];
                if (tensor.type == FLOAT) {
                    floats.put(at, floats.get(at) + more);
                } else {
                    halves.put(at, Float.floatToFloat16(Float.float16ToFloat(halves.get(at)) + more));
                }
            }
        }
    }

    /** Files beside {@code model.onnx} that hold weights, by their paths from the network's folder. */
    public List<String> externalFiles() {
        return tensors.values().stream()
                .map(tensor -> tensor.external.location())
                .filter(location -> !location.isEmpty())
                .distinct()
                .toList();
    }

    private ByteBuffer external(Tensor tensor) {
        Path file = folder.resolve(tensor.external.location());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, tensor.external.offset(), bytes(tensor));
        } catch (IOException unreadable) {
            throw ConfigFile.invalid("the weights in %s cannot be read: %s", file, unreadable);
        }
    }

    private static long bytes(Tensor tensor) {
        long elements = Arrays.stream(tensor.shape).reduce(1, Math::multiplyExact);
        return elements * (tensor.type == FLOAT ? Float.BYTES : Short.BYTES);
    }

    private void graph(ProtoFields graph, List<Node> nodes) {
        while (graph.next()) {
            switch (graph.number()) {
                case GRAPH_NODE -> nodes.add(node(graph.message()));
                case GRAPH_INITIALIZER -> tensor(graph.message());
                default -> {}
            }
        }
    }

    private static Node node(ProtoFields node) {
        List<String> inputs = new ArrayList<>();
        String name = "";
        String operator = "";
        boolean transposed = false;
        while (node.next()) {
            switch (node.number()) {
                case NODE_INPUT -> inputs.add(node.text());
                case NODE_NAME -> name = node.text();
                case NODE_OPERATOR -> operator = node.text();
                case NODE_ATTRIBUTE -> transposed |= isTransB(node.message());
                default -> {}
            }
        }
        return new Node(name, operator, inputs.size() > 1 ? inputs.get(1) : "", transposed);
    }

    private static boolean isTransB(ProtoFields attribute) {
        String name = "";
        long value = 0;
        while (attribute.next()) {
            switch (attribute.number()) {
                case ATTRIBUTE_NAME -> name = attribute.text();
                case ATTRIBUTE_INT -> value = attribute.value();
                default -> {}
            }
        }
        return name.equals("transB") && value != 0;
    }

    private void tensor(ProtoFields tensor) {
        List<Long> shape = new ArrayList<>();
        int type = 0;
        String name = "";
        Optional<ByteBuffer> raw = Optional.empty();
        ExternalData data = ExternalData.NONE;
        while (tensor.next()) {
            switch (tensor.number()) {
                case TENSOR_DIMS -> shape.addAll(tensor.wholes());
                case TENSOR_TYPE -> type = (int) tensor.value();
                case TENSOR_NAME -> name = tensor.text();
                case TENSOR_RAW_DATA -> raw = Optional.of(tensor.bytes());
                case TENSOR_EXTERNAL_DATA -> data = data.with(tensor.message());
                default -> {}
            }
        }
        long[] dimensions = shape.stream().mapToLong(Long::longValue).toArray();
        tensors.put(name, new Tensor(dimensions, type, raw, data));
    }

    /** Weights on integers, and those that lie in odd places, are no layers here. */
    private void layer(Node node) {
        Tensor tensor = tensors.get(node.weight);
        int slash = node.name.lastIndexOf('/');
        if (tensor == null
                || slash < 1
                || !OPERATORS.contains(node.operator)
                || tensor.shape.length < 2
                || (tensor.type != FLOAT && tensor.type != HALF)
                || (tensor.raw.isPresent() && tensor.raw.get().remaining() != bytes(tensor))
                || (tensor.raw.isEmpty() && tensor.external.equals(ExternalData.NONE))) {
            return;
        }
        boolean flipped = node.operator.equals("MatMul") || (node.operator.equals("Gemm") && !node.transposed);
        int first = Math.toIntExact(tensor.shape[0]);
        int rest = Math.toIntExact(Arrays.stream(tensor.shape).skip(1).reduce(1, Math::multiplyExact));
        String path = node.name.substring(node.name.startsWith("/") ? 1 : 0, slash);
        layers.put(
                path.replace('/', '_').replace('.', '_'),
                new Layer(node.weight, flipped ? rest : first, flipped ? first : rest, flipped));
    }
}
