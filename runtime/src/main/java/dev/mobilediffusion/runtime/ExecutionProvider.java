package dev.mobilediffusion.runtime;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What computes a network's operators. Which of them there are depends on how ONNX Runtime was built. */
public enum ExecutionProvider {
    /** The one that suits the processor best among those that the loaded ONNX Runtime has. */
    AUTO,
    /** ONNX Runtime's own kernels (MLAS), which every build has and which take what another provider cannot. */
    CPU,
    /** Google's kernels for ARM and x86 processors. */
    XNNPACK,
    /** Arm Compute Library. */
    ACL,
    /** Intel's oneDNN, which has kernels for ARM too. */
    DNNL,
    /** Android's neural networks API. */
    NNAPI,
    /** Qualcomm's. */
    QNN,
    /** The graphics processor by WebGPU. */
    WEBGPU,
    /** Apple's. */
    COREML,
    /** Intel's OpenVINO. */
    OPENVINO,
    /** NVIDIA's. */
    CUDA;

    /** How people and settings spell it: {@code xnnpack}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The provider that people call {@code label}, in any case. */
    public static Optional<ExecutionProvider> ofLabel(String label) {
        return Stream.of(values())
                .filter(provider -> provider.name().equalsIgnoreCase(label))
                .findFirst();
    }

    /** All labels, {@code auto} first, with commas. */
    public static String labels() {
        return String.join(
                ", ", Stream.of(values()).map(ExecutionProvider::label).toList());
    }
}
