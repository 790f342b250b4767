package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The names in a {@code model.onnx}, read from the file itself without loading the network.
 *
 * @param metadata what its exporter wrote beside the graph
 * @param inputs input → length of its first dimension; 0 when that is free or it has none
 * @param tensors every name that a node computes
 */
public record NetworkOutline(Map<String, String> metadata, Map<String, Long> inputs, Set<String> tensors) {

    // Field numbers of onnx.proto
    static final int MODEL_GRAPH = 7;
    private static final int MODEL_METADATA = 14;
    static final int GRAPH_NODE = 1;
    static final int GRAPH_INPUT = 11;
    static final int GRAPH_OUTPUT = 12;
    static final int NODE_INPUT = 1;
    static final int NODE_OUTPUT = 2;
    static final int VALUE_NAME = 1;
    static final int VALUE_TYPE = 2;
    static final int TYPE_TENSOR = 1;
    static final int TENSOR_ELEMENT = 1;
    static final int TENSOR_SHAPE = 2;
    static final int SHAPE_DIMENSION = 1;
    static final int DIMENSION_LENGTH = 1;

    public NetworkOutline {
        metadata = Map.copyOf(metadata);
        tensors = Set.copyOf(tensors);
    }

    /**
     * @param file a {@code model.onnx}
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE when it is damaged
     */
    public static NetworkOutline read(Path file) {
        Map<String, String> metadata = new HashMap<>();
        Map<String, Long> inputs = new LinkedHashMap<>();
        Set<String> tensors = new HashSet<>();
        try (FileChannel channel = FileChannel.open(file)) {
            ProtoFields model = new ProtoFields(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
            while (model.next()) {
                switch (model.number()) {
                    case MODEL_GRAPH -> graph(model.message(), inputs, tensors);
                    case MODEL_METADATA -> entry(model.message(), metadata);
                    default -> {}
                }
            }
        } catch (IOException | BufferUnderflowException | IllegalArgumentException damaged) {
            throw ConfigFile.invalid("%s is truncated or not ONNX (%s); install the model again", file, damaged);
        }
        return new NetworkOutline(metadata, inputs, tensors);
    }

    private static void entry(ProtoFields entry, Map<String, String> metadata) {
        String key = "";
        String value = "";
        while (entry.next()) {
            switch (entry.number()) {
                case 1 -> key = entry.text();
                case 2 -> value = entry.text();
                default -> {}
            }
        }
        metadata.put(key, value);
    }

    private static void graph(ProtoFields graph, Map<String, Long> inputs, Set<String> tensors) {
        while (graph.next()) {
            switch (graph.number()) {
                case GRAPH_INPUT -> input(graph.message(), inputs);
                case GRAPH_NODE -> {
                    ProtoFields node = graph.message();
                    while (node.next()) {
                        if (node.number() == NODE_OUTPUT && node.length() > 0) {
                            tensors.add(node.text());
                        }
                    }
                }
                default -> {}
            }
        }
    }

    private static void input(ProtoFields value, Map<String, Long> inputs) {
        String name = "";
        long first = 0;
        while (value.next()) {
            switch (value.number()) {
                case VALUE_NAME -> name = value.text();
                case VALUE_TYPE -> first = firstDimension(value.message());
                default -> {}
            }
        }
        inputs.put(name, first);
    }

    private static long firstDimension(ProtoFields type) {
        ProtoFields shape = inside(inside(type, TYPE_TENSOR), TENSOR_SHAPE);
        ProtoFields dimension = inside(shape, SHAPE_DIMENSION);
        while (dimension.next()) {
            if (dimension.number() == DIMENSION_LENGTH) {
                return dimension.value();
            }
        }
        return 0;
    }

    /** The first message with this number; an empty one when there is none. */
    private static ProtoFields inside(ProtoFields message, int number) {
        while (message.next()) {
            if (message.number() == number) {
                return message.message();
            }
        }
        return message;
    }
}
