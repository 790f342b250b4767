package dev.mobilediffusion.runtime.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What ONNX Runtime wrote down about one network's operators, where {@code RuntimeOptions.profile} asked for it. */
public final class OperatorProfile {

    private static final ObjectMapper JSON = new ObjectMapper();

    private OperatorProfile() {}

    /**
     * Multiplications with an addition in all convolutions and matrix products of one run. The network must be closed,
     * since the profile ends with it.
     *
     * @param folder where profiles were written
     * @param network its name
     */
    public static long multiplyAdds(Path folder, String network) {
        try {
            long sum = 0;
            Set<Integer> seen = new HashSet<>(); // a network may have run more than once
            for (JsonNode event : JSON.readTree(file(folder, network).toFile())) {
                JsonNode node = event.path("args");
                if (node.has("output_type_shape")
                        && seen.add(node.path("node_index").asInt())) {
                    sum += multiplyAdds(node);
                }
            }
            return sum;
        } catch (IOException failure) {
            throw new InferenceException(
                    InferenceException.Code.INFERENCE_FAILED, network + ": no profile: " + failure, failure);
        }
    }

    /** ONNX Runtime adds the time of day to the name that it was given. */
    private static Path file(Path folder, String network) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Optional<Path> found = files.filter(
                            file -> file.getFileName().toString().startsWith(network + "_"))
                    .findFirst();
            return found.orElseThrow(() -> new IOException("nothing in " + folder));
        }
    }

    private static long multiplyAdds(JsonNode node) {
        JsonNode inputs = node.path("input_type_shape");
        long outputs = product(shape(node.path("output_type_shape"), 0), 0);
        return switch (node.path("op_name").textValue()) {
            case "Conv", "FusedConv", "ConvInteger" -> outputs * product(shape(inputs, 1), 1);
            case "QLinearConv" -> outputs * product(shape(inputs, 3), 1); // after the input's scale and zero point
            case "ConvTranspose" -> product(shape(inputs, 0), 0) * product(shape(inputs, 1), 1);
            case "MatMul", "MatMulInteger", "QLinearMatMul", "MatMulNBits", "FusedMatMul" ->
                outputs * shape(inputs, 0).getLast();
            case "Gemm" ->
                outputs
                        * (product(shape(inputs, 0), 0)
                                / shape(node.path("output_type_shape"), 0).getFirst());
            default -> 0;
        };
    }

    /** Of {@code [{"float": [1, 8, 64, 64]}, …]}. */
    private static List<Long> shape(JsonNode typedShapes, int index) {
        return typedShapes
                .path(index)
                .valueStream()
                .findFirst()
                .map(dimensions ->
                        dimensions.valueStream().map(JsonNode::asLong).toList())
                .orElse(List.of());
    }

    private static long product(List<Long> shape, int from) {
        return shape.stream().skip(from).reduce(1L, (left, right) -> left * right);
    }
}
