package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The UNet's buffers for one batch size, allocated once. For one thread at a time. */
final class DenoiserBatch implements AutoCloseable {

    private final int size;
    private final List<TensorBuffer> buffers = new ArrayList<>();
    private final TensorBuffer sample; // (size, C or 2 C + 1, H, W)
    private final TensorBuffer timestep; // (), (1) or (size)
    private final TensorBuffer hiddenStates; // (size, L, D)
    private final TensorBuffer prediction; // (size, C, H, W)
    private final ExtraInputs extraInputs;
    private final List<TensorBuffer> extras = new ArrayList<>();
    private final ExtraInputs.Call[] calls; // (size), what the next run is for
    private final OnnxModel.Binding binding;

    DenoiserBatch(
            OnnxModel model,
            int size,
            long[] sampleShape,
            long[] predictionShape,
            long[] statesShape,
            int guidanceWidth,
            ExtraInputs extraInputs) {
        this.size = size;
        this.extraInputs = extraInputs;
        this.calls = new ExtraInputs.Call[size];
        try {
            sample = keep(model.allocate(model.input(Denoiser.SAMPLE), sampleShape));
            TensorSpec time = model.input(Denoiser.TIMESTEP);
            timestep = keep(model.allocate(time, timestepShape(time)));
            hiddenStates = keep(model.allocate(model.input(Denoiser.HIDDEN_STATES), statesShape));
            if (guidanceWidth > 0) {
                keep(model.allocate(model.input(Denoiser.TIMESTEP_COND), size, guidanceWidth));
            }
            for (TensorSpec input : model.inputs()) {
                extraInputs.shape(input, size).ifPresent(shape -> extras.add(keep(model.allocate(input, shape))));
            }
            List<TensorBuffer> inputs = List.copyOf(buffers);
            TensorSpec output = model.outputs().get(0);
            long[] found = model.outputShapes(inputs, List.of(output)).getFirst();
            if (!Arrays.equals(found, predictionShape)) {
                throw new InferenceException(
                        InferenceException.Code.INVALID_BUNDLE,
                        "unet: %s must have the shape of the latents %s, found %s"
                                .formatted(output.name(), Arrays.toString(predictionShape), Arrays.toString(found)));
            }
            prediction = keep(model.allocate(output, found));
            binding = model.bind(inputs, List.of(prediction));
        } catch (RuntimeException failure) {
            close();
            throw failure;
        }
    }

    private TensorBuffer keep(TensorBuffer buffer) {
        buffers.add(buffer);
        return buffer;
    }

    private long[] timestepShape(TensorSpec time) {
        long[] shape = time.shape().clone();
        for (int i = 0; i < shape.length; i++) {
            shape[i] = shape[i] < 0 ? size : shape[i];
        }
        return shape;
    }

    int size() {
        return size;
    }

    /**
     * Sets element {@code at} of the batch.
     *
     * @param beside (C + 1, H, W) what the network sees behind the sample; empty where it takes the sample alone
     */
    void write(int at, ExtraInputs.Call call, float[] beside) {
        int from = at * (call.sample().length + beside.length);
        sample.put(from, call.sample());
        sample.put(from + call.sample().length, beside);
        hiddenStates.put(at * call.hiddenStates().length, call.hiddenStates());
        calls[at] = call;
    }

    void run(float[] guidanceEmbedding, CancelToken cancel) {
        timestep.fill(calls[0].timestep());
        if (guidanceEmbedding.length > 0) {
            TensorBuffer guidance = buffers.get(3);
            for (int at = 0; at < size; at++) {
                guidance.put(at * guidanceEmbedding.length, guidanceEmbedding);
            }
        }
        if (!extras.isEmpty()) {
            for (int at = 0; at < size; at++) {
                extraInputs.fill(calls[at], at, extras, cancel);
            }
        }
        binding.run(cancel);
    }

    /** Reads element {@code at} of the batch. */
    void read(int at, float[] values) {
        prediction.read(at * values.length, values);
    }

    @Override
    public void close() {
        for (int i = buffers.size() - 1; i >= 0; i--) {
            buffers.get(i).close();
        }
    }
}
