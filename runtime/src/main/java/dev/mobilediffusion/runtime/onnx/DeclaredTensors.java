package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a network's file says of its inputs or outputs, as far as it can run here. */
final class DeclaredTensors {

    private DeclaredTensors() {}

    /** @param network what messages call it */
    static List<TensorSpec> of(String network, Collection<NodeInfo> nodes) {
        List<TensorSpec> specs = new ArrayList<>();
        for (NodeInfo node : nodes) {
            if (!(node.getInfo() instanceof TensorInfo info)) {
                throw OnnxModel.invalid("%s: %s is not a tensor, which cannot run here", network, node.getName());
            }
            ElementType type = ElementType.of(info)
                    .orElseThrow(() -> OnnxModel.invalid(
                            "%s: %s has elements of type %s; float32, float16, int64, int32 and bool can run here",
                            network, node.getName(), info.onnxType));
            specs.add(new TensorSpec(node.getName(), type, info.getShape(), List.of(info.getDimensionNames())));
        }
        return List.copyOf(specs);
    }

    /**
     * What the dimensions of inputs tell of outputs' by their names, up to the first that they do not tell.
     *
     * @param inputs as declared
     * @param given those inputs
     */
    static List<long[]> resolve(List<TensorSpec> inputs, List<TensorBuffer> given, List<TensorSpec> wanted) {
        Map<String, Long> lengths = new HashMap<>();
        for (TensorSpec input : inputs) {
            given.stream()
                    .filter(buffer -> buffer.name().equals(input.name()))
                    .forEach(buffer -> input.nameLengths(buffer.shape(), lengths));
        }
        List<long[]> shapes = new ArrayList<>();
        for (TensorSpec output : wanted) {
            Optional<long[]> shape = output.resolve(lengths);
            if (shape.isEmpty()) {
                break;
            }
            shapes.add(shape.get());
        }
        return shapes;
    }

    /** Dimensions of what a network has computed. */
    static List<long[]> found(OrtSession.Result result, List<TensorSpec> wanted) throws OrtException {
        List<long[]> shapes = new ArrayList<>();
        for (TensorSpec output : wanted) {
            shapes.add(((TensorInfo) result.get(output.name()).orElseThrow().getInfo()).getShape());
        }
        return shapes;
    }
}
