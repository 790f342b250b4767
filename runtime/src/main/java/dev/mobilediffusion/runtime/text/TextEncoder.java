package dev.mobilediffusion.runtime.text;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The text tower: token ids to one vector per token, which the UNet attends to. Owns its network and buffers; for one
 * thread at a time.
 */
public final class TextEncoder implements AutoCloseable {

    private static final String INPUT_IDS = "input_ids";
    private static final String ATTENTION_MASK = "attention_mask";
    private static final String HIDDEN_STATES = "last_hidden_state";

    private final OnnxModel model;
    private final List<TensorBuffer> inputs = new ArrayList<>();
    private final TensorBuffer hiddenStates; // (1, R, D), R >= L
    private final OnnxModel.Binding binding;

    private TextEncoder(OnnxModel model, int tokens) {
        this.model = model;
        try {
            TensorBuffer ids = model.allocate(model.input(INPUT_IDS), 1, tokens);
            inputs.add(ids);
            Optional<TensorSpec> mask = model.optionalInput(ATTENTION_MASK);
            if (mask.isPresent()) {
                // CLIP was trained without looking at the mask, and diffusers passes none: all tokens count
                TensorBuffer ones = model.allocate(mask.get(), 1, tokens);
                ones.fill(1);
                inputs.add(ones);
            }
            TensorSpec output = hiddenStatesOf(model);
            long[] shape = model.outputShapes(inputs, List.of(output)).getFirst();
            if (shape.length != 3 || shape[0] != 1 || shape[1] < tokens) {
                throw new InferenceException(
                        InferenceException.Code.INVALID_BUNDLE,
                        "text_encoder: %s must have shape [1, %s, D], or more rows, for this tokenizer, found %s"
                                .formatted(output.name(), tokens, Arrays.toString(shape)));
            }
            hiddenStates = model.allocate(output, shape);
        } catch (RuntimeException failure) {
            inputs.forEach(TensorBuffer::close);
            throw failure;
        }
        binding = model.bind(inputs, List.of(hiddenStates));
    }

    /** @param tokens length of every encoded prompt */
    public static TextEncoder load(ModelBundle bundle, int tokens, RuntimeOptions options) {
        OnnxModel model = OnnxModel.open(bundle.textEncoderModel(), "text_encoder", options, true);
        try {
            return new TextEncoder(model, tokens);
        } catch (RuntimeException failure) {
            model.close();
            throw failure;
        }
    }

    /** The output of that name, else the first of rank 3: some exports name it by number. */
    private static TensorSpec hiddenStatesOf(OnnxModel model) {
        for (TensorSpec output : model.outputs()) {
            if (output.name().equals(HIDDEN_STATES)) {
                return output;
            }
        }
        return model.outputs().stream()
                .filter(output -> output.rank() == 3)
                .findFirst()
                .orElseThrow(() -> new InferenceException(
                        InferenceException.Code.INVALID_BUNDLE,
                        "text_encoder lacks the output %s; it has %s".formatted(HIDDEN_STATES, model.outputs())));
    }

    /** Rows R of the states: one for each token, then perhaps those of images that the model remembers. */
    public int rows() {
        return (int) hiddenStates.shape()[1];
    }

    /** Width D of a row. */
    public int hiddenSize() {
        return (int) hiddenStates.shape()[2];
    }

    /**
     * @param ids (L) token ids
     * @return (R, D) vectors, row by row; the caller's own
     */
    public float[] encode(int[] ids, CancelToken cancel) {
        inputs.get(0).putInts(ids);
        binding.run(cancel);
        float[] states = new float[hiddenStates.size()];
        hiddenStates.read(0, states);
        return states;
    }

    /** Reads the network's weights from {@code other} from now on, or from the bundle again. */
    public void read(Optional<Path> other) {
        model.read(other);
    }

    /** Gives memory back until the next prompt, see {@link OnnxModel#rest}. */
    public void rest() {
        model.rest();
    }

    @Override
    public void close() {
        hiddenStates.close();
        inputs.forEach(TensorBuffer::close);
        model.close();
    }
}
