package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

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
                            "%s: %s has elements of type %s; float32, float16, int64 and int32 can run here",
                            network, node.getName(), info.onnxType));
            specs.add(new TensorSpec(node.getName(), type, info.getShape(), List.of(info.getDimensionNames())));
        }
        return List.copyOf(specs);
    }
}
