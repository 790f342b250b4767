package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.diffusion.ExtraInputs;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A network that makes of a control image, and of what the UNet is called with where it asks for that, the tensors which
 * are added inside the UNet. Owns its buffers; for one thread at a time.
 */
final class ResidualNetwork implements AutoCloseable {

    private static final String SAMPLE = "sample";
    private static final String TIMESTEP = "timestep";
    private static final String HIDDEN_STATES = "encoder_hidden_states";
    private static final String SCALE = "conditioning_scale";

    private final OnnxModel model;
    private final String image;
    private final Map<String, TensorBuffer> inputs = new LinkedHashMap<>();
    private final List<TensorBuffer> outputs = new ArrayList<>(); // (1, …) each
    private final OnnxModel.Binding binding;
    private Optional<UnetControl.Lines> lines = Optional.empty();
    private boolean ran; // for these lines

    private ResidualNetwork(OnnxModel model, String image, Sizes sizes) {
        this.model = model;
        this.image = image;
        try {
            for (TensorSpec input : model.inputs()) {
                inputs.put(input.name(), model.allocate(input, shape(input, sizes)));
            }
            model.input(image);
            List<TensorBuffer> in = List.copyOf(inputs.values());
            List<long[]> shapes = model.outputShapes(in, model.outputs());
            for (int i = 0; i < shapes.size(); i++) {
                outputs.add(model.allocate(model.outputs().get(i), shapes.get(i)));
            }
            binding = model.bind(in, outputs);
        } catch (RuntimeException failure) {
            close();
            throw failure;
        }
        model.rest();
    }

    /** @param image name of the input that takes (1, 3, H, W) pixels in [0, 1] */
    static ResidualNetwork load(Path file, String name, String image, Sizes sizes, RuntimeOptions options) {
        return new ResidualNetwork(OnnxModel.open(file, name, options, true), image, sizes);
    }

    /** Its outputs; at the same places as in {@link #outputs}. */
    List<TensorSpec> outputSpecs() {
        return model.outputs();
    }

    /** What it computed last, times {@link #factor} what is to be added. */
    List<TensorBuffer> outputs() {
        return outputs;
    }

    /** The scale, where the network does not take it itself. */
    float factor() {
        return inputs.containsKey(SCALE) ? 1 : lines.orElseThrow().scale();
    }

    boolean isOn() {
        return lines.isPresent() && lines.get().scale() != 0;
    }

    void begin(Optional<UnetControl.Lines> next) {
        lines = next;
        ran = false;
        next.ifPresent(present -> {
            inputs.get(image).put(0, present.planes());
            if (inputs.containsKey(SCALE)) {
                inputs.get(SCALE).fill(present.scale());
            }
        });
    }

    /** Computes the outputs for a call; once for all calls where it sees only the image. */
    void run(ExtraInputs.Call call, CancelToken cancel) {
        boolean seesCall =
                inputs.containsKey(SAMPLE) || inputs.containsKey(TIMESTEP) || inputs.containsKey(HIDDEN_STATES);
        if (ran && !seesCall) {
            return;
        }
        put(SAMPLE, call.sample());
        put(HIDDEN_STATES, call.hiddenStates());
        if (inputs.containsKey(TIMESTEP)) {
            inputs.get(TIMESTEP).fill(call.timestep());
        }
        binding.run(cancel);
        ran = true;
    }

    void rest() {
        model.rest();
    }

    private void put(String name, float[] values) {
        if (inputs.containsKey(name)) {
            inputs.get(name).put(0, values);
        }
    }

    private long[] shape(TensorSpec input, Sizes sizes) {
        if (input.name().equals(image)) {
            return sizes.image();
        }
        return switch (input.name()) {
            case SAMPLE -> sizes.sample();
            case HIDDEN_STATES -> sizes.states();
            case TIMESTEP, SCALE ->
                Arrays.stream(input.shape()).map(length -> Math.max(length, 1)).toArray();
            default ->
                throw new InferenceException(
                        InferenceException.Code.INVALID_BUNDLE,
                        "%s: the input %s is not known here (known: %s, %s, %s, %s, %s)"
                                .formatted(model.name(), input.name(), image, SCALE, SAMPLE, TIMESTEP, HIDDEN_STATES));
        };
    }

    @Override
    public void close() {
        outputs.forEach(TensorBuffer::close);
        inputs.values().forEach(TensorBuffer::close);
        model.close();
    }
}
