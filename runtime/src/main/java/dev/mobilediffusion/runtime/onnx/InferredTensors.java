package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.nio.file.Path;
import java.util.List;

/** What ONNX Runtime infers of a network's outputs, whether its file declares types and shapes or not. */
public final class InferredTensors {

    private InferredTensors() {}

    /**
     * Opens the network for a moment, and runs nothing.
     *
     * @param name what messages call it
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE when it cannot run here
     */
    public static List<TensorSpec> outputs(Path file, String name, RuntimeOptions options) {
        RuntimeOptions frugal = options.withMemory(RuntimeOptions.MemoryProfile.SMALL);
        try {
            OnnxRuntime runtime = OnnxRuntime.instance(options);
            try (SessionOptions session = runtime.sessionOptions(name, frugal, false)) {
                session.setOptimizationLevel(SessionOptions.OptLevel.NO_OPT);
                try (OrtSession opened = runtime.environment().createSession(file.toString(), session)) {
                    return DeclaredTensors.of(name, opened.getOutputInfo().values());
                }
            }
        } catch (OrtException failure) {
            throw OnnxModel.invalid("%s: %s", name, failure.getMessage());
        }
    }
}
