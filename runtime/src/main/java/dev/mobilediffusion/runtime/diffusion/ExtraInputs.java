package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.util.List;
import java.util.Optional;

/** Inputs that a UNet has beside latents, time and prompt, and what fills them before each call. */
public interface ExtraInputs {

    /** Of a UNet that has none. */
    ExtraInputs NONE = new ExtraInputs() {
        @Override
        public Optional<long[]> shape(TensorSpec input, int batch) {
            return Optional.empty();
        }

        @Override
        public void fill(Call call, int at, List<TensorBuffer> buffers, CancelToken cancel) {}
    };

    /**
     * One sample's part of a call.
     *
     * @param sample (C, H, W) latents, already scaled for the network
     * @param hiddenStates (R, D) prompt embeddings
     */
    record Call(float[] sample, float timestep, float[] hiddenStates) {}

    /** Dimensions of such an input for a batch of samples; empty when it is none of these. */
    Optional<long[]> shape(TensorSpec input, int batch);

    /**
     * Fills element {@code at} of a batch.
     *
     * @param buffers for every input that has a {@link #shape}
     */
    void fill(Call call, int at, List<TensorBuffer> buffers, CancelToken cancel);
}
