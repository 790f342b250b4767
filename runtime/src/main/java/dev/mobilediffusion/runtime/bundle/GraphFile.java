package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The nodes and weights of a {@code model.onnx}, and a way to write it again with some of the weights replaced. What is not
 * replaced is copied as it stands, unread. Weights in files of their own are not read here. Not thread-safe.
 */
public final class GraphFile {

    // Field numbers of onnx.proto
    private static final int MODEL_GRAPH = 7;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int NODE_INPUT = 1;
    private static final int NODE_OUTPUT = 2;
    private static final int NODE_NAME = 3;
    private static final int NODE_OPERATOR = 4;
    private static final int NODE_ATTRIBUTE = 5;
    private static final int ATTRIBUTE_NAME = 1;
    private static final int ATTRIBUTE_INT = 3;

    private final ByteBuffer file;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, GraphTensor> tensors = new LinkedHashMap<>();
    private final Map<Integer, Map<Integer, String>> inputs = new HashMap<>(); // node, input → the new tensor's name
    private final List<GraphTensor> added = new ArrayList<>();

    /**
     * A node.
     *
     * @param index of it among the graph's nodes
     * @param inputs names of what it reads; empty where an optional one is left out
     * @param wholes its attributes that are whole numbers
     */
    public record Node(
            int index,
            String name,
            String operator,
            List<String> inputs,
            List<String> outputs,
            Map<String, Long> wholes) {

        /** Name of the input of that number; empty where it has none. */
        public String input(int number) {
            return number < inputs.size() ? inputs.get(number) : "";
        }
    }

    private GraphFile(ByteBuffer file) {
        this.file = file;
    }

    /** @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE when it is damaged */
    public static GraphFile open(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            GraphFile graph = new GraphFile(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
            graph.read();
            return graph;
        } catch (IOException | BufferUnderflowException | IllegalArgumentException damaged) {
            throw ConfigFile.invalid("%s is truncated or not ONNX (%s); install the model again", file, damaged);
        }
    }

    public List<Node> nodes() {
        return nodes;
    }

    /** Nodes by the tensors that they make. */
    public Map<String, Node> producers() {
        Map<String, Node> producers = new HashMap<>();
        nodes.forEach(node -> node.outputs().forEach(output -> producers.put(output, node)));
        return producers;
    }

    /** Nodes by the tensors that they read, in the file's order. */
    public Map<String, List<Node>> consumers() {
        Map<String, List<Node>> consumers = new HashMap<>();
        nodes.forEach(node -> node.inputs()
                .forEach(input -> consumers
                        .computeIfAbsent(input, name -> new ArrayList<>())
                        .add(node)));
        return consumers;
    }

    /** The weight called {@code name}; empty where that is no weight, or one in a file of its own. */
    public Optional<GraphTensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** Lets an input of a node read {@code tensor}, whose name must be new, in the written file. */
    public void replace(Node node, int input, GraphTensor tensor) {
        inputs.computeIfAbsent(node.index(), index -> new HashMap<>()).put(input, tensor.name());
        added.add(tensor);
    }

    /** Writes the graph with what was replaced. Weights that nothing reads any more are left out. */
    public void write(Path target) {
        List<ByteBuffer> model = new ArrayList<>();
        ProtoFields fields = new ProtoFields(file);
        while (fields.next()) {
            if (fields.number() == MODEL_GRAPH) {
                List<ByteBuffer> graph = graph(fields.message());
                long bytes = graph.stream().mapToLong(ByteBuffer::remaining).sum();
                model.add(new ProtoWriter().begin(MODEL_GRAPH, bytes).written());
                model.addAll(graph);
            } else {
                model.add(fields.field());
            }
        }
        try (FileChannel channel = FileChannel.open(
                target, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (ByteBuffer part : model) {
                while (part.hasRemaining()) {
                    channel.write(part);
                }
            }
        } catch (IOException full) {
            throw new UncheckedIOException(full);
        }
    }

    private void read() {
        ProtoFields model = new ProtoFields(file);
        while (model.next()) {
            if (model.number() == MODEL_GRAPH) {
                ProtoFields graph = model.message();
                while (graph.next()) {
                    if (graph.number() == GRAPH_NODE) {
                        nodes.add(node(graph.message(), nodes.size()));
                    } else if (graph.number() == GRAPH_INITIALIZER) {
                        GraphTensor.read(graph.message()).ifPresent(tensor -> tensors.put(tensor.name(), tensor));
                    }
                }
            }
        }
    }

    private static Node node(ProtoFields node, int index) {
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        String name = "";
        String operator = "";
        Map<String, Long> wholes = new HashMap<>();
        while (node.next()) {
            switch (node.number()) {
                case NODE_ATTRIBUTE -> attribute(node.message(), wholes);
                case NODE_INPUT -> inputs.add(node.text());
                case NODE_OUTPUT -> outputs.add(node.text());
                case NODE_NAME -> name = node.text();
                case NODE_OPERATOR -> operator = node.text();
                default -> {}
            }
        }
        return new Node(index, name, operator, List.copyOf(inputs), List.copyOf(outputs), Map.copyOf(wholes));
    }

    private static void attribute(ProtoFields attribute, Map<String, Long> wholes) {
        String name = "";
        while (attribute.next()) {
            switch (attribute.number()) {
                case ATTRIBUTE_NAME -> name = attribute.text();
                case ATTRIBUTE_INT -> wholes.put(name, attribute.value());
                default -> {}
            }
        }
    }

    private List<ByteBuffer> graph(ProtoFields graph) {
        List<ByteBuffer> parts = new ArrayList<>();
        int node = 0;
        while (graph.next()) {
            switch (graph.number()) {
                case GRAPH_NODE -> {
                    Map<Integer, String> changes = inputs.getOrDefault(node, Map.of());
                    if (changes.isEmpty()) {
                        parts.add(graph.field());
                    } else {
                        ByteBuffer changed = changed(graph.message(), changes);
                        parts.add(new ProtoWriter()
                                .begin(GRAPH_NODE, changed.remaining())
                                .written());
                        parts.add(changed);
                    }
                    node++;
                }
                case GRAPH_INITIALIZER -> {
                    if (!isIdle(GraphTensor.nameOf(graph.message()))) {
                        parts.add(graph.field());
                    }
                }
                default -> parts.add(graph.field());
            }
        }
        for (GraphTensor tensor : added) {
            List<ByteBuffer> message = tensor.message();
            long bytes = message.stream().mapToLong(ByteBuffer::remaining).sum();
            parts.add(new ProtoWriter().begin(GRAPH_INITIALIZER, bytes).written());
            parts.addAll(message);
        }
        return parts;
    }

    private static ByteBuffer changed(ProtoFields node, Map<Integer, String> changes) {
        ProtoWriter changed = new ProtoWriter();
        int input = 0;
        while (node.next()) {
            if (node.number() == NODE_INPUT && changes.containsKey(input)) {
                changed.text(NODE_INPUT, changes.get(input));
            } else {
                changed.fields(node.field());
            }
            input += node.number() == NODE_INPUT ? 1 : 0;
        }
        return changed.written();
    }

    /** Whether every node that read the tensor reads another one now. */
    private boolean isIdle(String tensor) {
        boolean replaced = false;
        for (Node node : nodes) {
            for (int input = 0; input < node.inputs().size(); input++) {
                if (node.inputs().get(input).equals(tensor)) {
                    if (!inputs.getOrDefault(node.index(), Map.of()).containsKey(input)) {
                        return false;
                    }
                    replaced = true;
                }
            }
        }
        return replaced;
    }
}
