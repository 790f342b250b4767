package dev.mobilediffusion.runtime.bundle;

import static dev.mobilediffusion.runtime.bundle.NetworkOutline.DIMENSION_LENGTH;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.GRAPH_INPUT;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.GRAPH_NODE;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.GRAPH_OUTPUT;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.MODEL_GRAPH;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.NODE_INPUT;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.NODE_OUTPUT;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.SHAPE_DIMENSION;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.TENSOR_ELEMENT;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.TENSOR_SHAPE;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.TYPE_TENSOR;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.VALUE_NAME;
import static dev.mobilediffusion.runtime.bundle.NetworkOutline.VALUE_TYPE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Copies of a network's file whose graph has more inputs or outputs. Weights go from file to file without passing through
 * the heap.
 */
public final class NetworkCopy {

    private static final int NODE_NAME = 3;
    private static final int NODE_OPERATOR = 4;
    private static final int DIMENSION_NAME = 2;
    private static final String UNCHANGED = "/before_control";

    /**
     * Something to add to a tensor inside.
     *
     * @param tensor its name
     * @param input name of the new input that is added to it
     * @param elementType of both, as onnx.proto numbers them
     * @param shape of the new input, -1 where any length will do
     */
    public record Sum(String tensor, String input, int elementType, long[] shape) {}

    private NetworkCopy() {}

    /** A copy in {@code folder}, which also gives out these tensors of the graph. */
    public static Path withOutputs(Path network, Collection<String> tensors, Path folder) throws IOException {
        return write(network, folder, graph -> {
            List<ByteBuffer> fields = fields(graph);
            for (String tensor : tensors) {
                // Without a type: ONNX Runtime infers it, with the shape
                fields.add(new ProtoWriter()
                        .message(GRAPH_OUTPUT, new ProtoWriter().text(VALUE_NAME, tensor))
                        .written());
            }
            return fields;
        });
    }

    /** A copy in {@code folder}, in which a new input is added to each of some tensors. */
    public static Path withSums(Path network, List<Sum> sums, Path folder) throws IOException {
        Map<String, Sum> byTensor = sums.stream().collect(Collectors.toMap(Sum::tensor, sum -> sum));
        return write(network, folder, graph -> {
            List<ByteBuffer> fields = new ArrayList<>();
            while (graph.next()) {
                fields.add(graph.number() == GRAPH_NODE ? node(graph, byTensor) : graph.field());
            }
            for (Sum sum : sums) {
                fields.add(new ProtoWriter().message(GRAPH_INPUT, value(sum)).written());
            }
            return fields;
        });
    }

    private static List<ByteBuffer> fields(ProtoFields message) {
        List<ByteBuffer> fields = new ArrayList<>();
        while (message.next()) {
            fields.add(message.field());
        }
        return fields;
    }

    /** The node; where it computes tensors that something is added to, under another name, and the addition after it. */
    private static ByteBuffer node(ProtoFields graph, Map<String, Sum> sums) {
        ProtoWriter renamed = new ProtoWriter();
        List<Sum> computed = new ArrayList<>();
        ProtoFields node = graph.message();
        while (node.next()) {
            Sum sum = node.number() == NODE_OUTPUT ? sums.get(node.text()) : null;
            if (sum == null) {
                renamed.fields(node.field());
            } else {
                renamed.text(NODE_OUTPUT, sum.tensor + UNCHANGED);
                computed.add(sum);
            }
        }
        if (computed.isEmpty()) {
            return graph.field();
        }
        ProtoWriter nodes = new ProtoWriter().message(GRAPH_NODE, renamed);
        for (Sum sum : computed) {
            nodes.message(
                    GRAPH_NODE,
                    new ProtoWriter()
                            .text(NODE_INPUT, sum.tensor + UNCHANGED)
                            .text(NODE_INPUT, sum.input)
                            .text(NODE_OUTPUT, sum.tensor)
                            .text(NODE_NAME, sum.input + "/Add")
                            .text(NODE_OPERATOR, "Add"));
        }
        return nodes.written();
    }

    private static ProtoWriter value(Sum sum) {
        ProtoWriter shape = new ProtoWriter();
        for (int i = 0; i < sum.shape.length; i++) {
            ProtoWriter dimension = new ProtoWriter();
            shape.message(
                    SHAPE_DIMENSION,
                    sum.shape[i] < 0
                            ? dimension.text(DIMENSION_NAME, sum.input + "_" + i)
                            : dimension.whole(DIMENSION_LENGTH, sum.shape[i]));
        }
        ProtoWriter tensor =
                new ProtoWriter().whole(TENSOR_ELEMENT, sum.elementType).message(TENSOR_SHAPE, shape);
        return new ProtoWriter()
                .text(VALUE_NAME, sum.input)
                .message(VALUE_TYPE, new ProtoWriter().message(TYPE_TENSOR, tensor));
    }

    private static Path write(Path network, Path folder, Function<ProtoFields, List<ByteBuffer>> change)
            throws IOException {
        Path copy = folder.resolve("model.onnx");
        List<ByteBuffer> parts = new ArrayList<>();
        try (FileChannel source = FileChannel.open(network);
                FileChannel target = FileChannel.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ProtoFields model = new ProtoFields(source.map(FileChannel.MapMode.READ_ONLY, 0, source.size()));
            while (model.next()) {
                if (model.number() == MODEL_GRAPH) {
                    List<ByteBuffer> graph = change.apply(model.message());
                    long length =
                            graph.stream().mapToLong(ByteBuffer::remaining).sum();
                    parts.add(new ProtoWriter().begin(MODEL_GRAPH, length).written());
                    parts.addAll(graph);
                } else {
                    parts.add(model.field());
                }
            }
            for (ByteBuffer part : parts) {
                while (part.hasRemaining()) {
                    target.write(part);
                }
            }
        }
        linkOthers(network, folder);
        return copy;
    }

    /** What lies beside the network, as external weights do: linked where the file system can, else copied. */
    private static void linkOthers(Path network, Path folder) throws IOException {
        try (Stream<Path> files = Files.list(network.toAbsolutePath().getParent())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = folder.resolve(file.getFileName().toString());
                if (Files.exists(target)) {
                    continue;
                }
                try {
                    Files.createLink(target, file);
                } catch (IOException | UnsupportedOperationException anotherFileSystem) {
                    Files.copy(file, target);
                }
            }
        }
    }
}
