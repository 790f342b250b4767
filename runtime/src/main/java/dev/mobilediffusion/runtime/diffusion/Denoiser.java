package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.UnetConfig;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The UNet: latents, a timestep and prompt embeddings in; the predicted noise, velocity or image out. Owns its network
 * and buffers; for one thread at a time.
 */
public final class Denoiser implements AutoCloseable {

    static final String SAMPLE = "sample";
    static final String TIMESTEP = "timestep";
    static final String HIDDEN_STATES = "encoder_hidden_states";
    static final String TIMESTEP_COND = "timestep_cond";

    private static final Set<String> KNOWN_INPUTS = Set.of(SAMPLE, TIMESTEP, HIDDEN_STATES, TIMESTEP_COND);
    private static final int PAIR = 2;

    private final OnnxModel model;
    private final UnetConfig config;
    private final ExtraInputs extras;
    private final int rows;
    private final int hiddenSize;
    private final DenoiserBatch single;
    private DenoiserBatch pair; // null when the network takes one sample at a time
    private boolean pairRan;
    private float[] beside; // (C + 1, H, W), empty for a network that takes the sample alone
    private final float[] guidanceEmbedding; // (time_cond_proj_dim), empty when the network takes none

    private Denoiser(OnnxModel model, UnetConfig config, int rows, int hiddenSize, ExtraInputs extras) {
        this.model = model;
        this.config = config;
        this.extras = extras;
        this.rows = rows;
        this.hiddenSize = hiddenSize;
        this.guidanceEmbedding = new float[checkInputs()];
        this.beside = new float
                [(config.inputChannels() - config.latentChannels()) * config.latentHeight() * config.latentWidth()];
        long declaredBatch = model.input(SAMPLE).shape()[0];
        if (declaredBatch > PAIR) {
            throw invalid("the batch of %s must be 1, 2 or free, got %d", SAMPLE, declaredBatch);
        }
        single = batch(declaredBatch == PAIR ? PAIR : 1);
    }

    /**
     * Loads the UNet.
     *
     * @param rows of an encoded prompt
     * @param hiddenSize width of a row
     */
    public static Denoiser load(ModelBundle bundle, int rows, int hiddenSize, RuntimeOptions options) {
        return load(bundle.unetModel(), bundle.unet(), rows, hiddenSize, options, ExtraInputs.NONE);
    }

    /**
     * Loads a UNet that takes more.
     *
     * @param file its {@code model.onnx}
     * @param extras what fills its other inputs; the caller's own
     */
    public static Denoiser load(
            Path file, UnetConfig config, int rows, int hiddenSize, RuntimeOptions options, ExtraInputs extras) {
        OnnxModel model = OnnxModel.open(file, "unet", options, true);
        try {
            return new Denoiser(model, config, rows, hiddenSize, extras);
        } catch (RuntimeException failure) {
            model.close();
            throw failure;
        }
    }

    /** Number of latents, all channels together. */
    public int sampleSize() {
        return config.latentChannels() * config.latentHeight() * config.latentWidth();
    }

    /** Whether guidance goes in as an input, so that one call per step is enough (LCM). */
    public boolean takesGuidanceScale() {
        return guidanceEmbedding.length > 0;
    }

    /** Lets {@link #predictPair} compute both predictions in one call, where the network's batch is free. */
    public void allowPairs() {
        boolean free =
                model.input(SAMPLE).shape()[0] < 0 && model.input(HIDDEN_STATES).shape()[0] < 0;
        if (pair != null || !free) {
            return;
        }
        try {
            pair = batch(PAIR);
        } catch (InferenceException batchOfOneAfterAll) {
            pair = null;
        }
    }

    /**
     * Sets what a network made for in-painting sees behind every sample from now on.
     *
     * @param values (C + 1, H, W): a mask, 1 where the image is drawn anew, and latents of what is left of it
     */
    public void inpaint(float[] values) {
        if (values.length != beside.length) {
            throw new IllegalArgumentException(
                    "the network takes %s values behind a sample, got %s".formatted(beside.length, values.length));
        }
        beside = values;
    }

    /** Sets the guidance that {@link #predict} passes in, for a network that {@link #takesGuidanceScale}. */
    public void passGuidanceScale(double guidanceScale) {
        int half = guidanceEmbedding.length / 2;
        for (int i = 0; i < half; i++) {
            // Sinusoids of (scale - 1) * 1000, as the network was trained with (Meng et al. 2022, arXiv 2210.03142)
            float frequency = (float) Math.exp(i * -(Math.log(10000) / (half - 1)));
            float angle = (float) ((guidanceScale - 1) * 1000) * frequency;
            guidanceEmbedding[i] = (float) Math.sin(angle);
            guidanceEmbedding[half + i] = (float) Math.cos(angle);
        }
    }

    /**
     * @param sample (C, H, W) latents, already scaled for the network
     * @param hiddenStates (R, D) prompt embeddings
     * @param prediction (C, H, W), overwritten
     */
    public void predict(float[] sample, float timestep, float[] hiddenStates, float[] prediction, CancelToken cancel) {
        for (int at = 0; at < single.size(); at++) {
            single.write(at, new ExtraInputs.Call(sample, timestep, hiddenStates), beside);
        }
        single.run(guidanceEmbedding, cancel);
        single.read(0, prediction);
    }

    /** Reads the network's weights from {@code other} from now on, or from the bundle again. */
    public void read(Optional<Path> other) {
        model.read(other);
    }

    /** Gives memory back until the next prediction, see {@link OnnxModel#rest}. */
    public void rest() {
        model.rest();
    }

    /** Gives memory back until the next prediction, whatever that will cost. */
    public void letGo() {
        model.letGo();
    }

    /** Two predictions of one sample for two prompts, like {@link #predict} called twice. */
    public void predictPair(
            float[] sample,
            float timestep,
            float[] firstStates,
            float[] secondStates,
            float[] firstPrediction,
            float[] secondPrediction,
            CancelToken cancel) {
        DenoiserBatch both = pair != null ? pair : single;
        if (both.size() == PAIR) {
            both.write(0, new ExtraInputs.Call(sample, timestep, firstStates), beside);
            both.write(1, new ExtraInputs.Call(sample, timestep, secondStates), beside);
            if (ranPair(both, cancel)) {
                both.read(0, firstPrediction);
                both.read(1, secondPrediction);
                return;
            }
        }
        predict(sample, timestep, firstStates, firstPrediction, cancel);
        predict(sample, timestep, secondStates, secondPrediction, cancel);
    }

    /** Runs a pair; false when it turns out, the first time, that the network takes none. */
    private boolean ranPair(DenoiserBatch both, CancelToken cancel) {
        try {
            both.run(guidanceEmbedding, cancel);
            pairRan = true;
            return true;
        } catch (InferenceException failure) {
            if (pairRan || both == single || failure.code() == InferenceException.Code.CANCELLED) {
                throw failure;
            }
            // Exporters declare a free batch while a constant inside the graph fixes it; two calls do as well
            pair.close();
            pair = null;
            return false;
        }
    }

    private DenoiserBatch batch(int size) {
        return new DenoiserBatch(
                model,
                size,
                new long[] {size, config.inputChannels(), config.latentHeight(), config.latentWidth()},
                new long[] {size, config.latentChannels(), config.latentHeight(), config.latentWidth()},
                new long[] {size, rows, hiddenSize},
                guidanceEmbedding.length,
                extras);
    }

    /** @return width of the guidance embedding */
    private int checkInputs() {
        for (TensorSpec input : model.inputs()) {
            if (!KNOWN_INPUTS.contains(input.name()) && extras.shape(input, 1).isEmpty()) {
                throw invalid(
                        "the input %s is not known here (known: %s); the network belongs to another kind of pipeline",
                        input.name(), List.of(SAMPLE, TIMESTEP, HIDDEN_STATES, TIMESTEP_COND));
            }
        }
        if (model.optionalInput(TIMESTEP_COND).isEmpty()) {
            return 0;
        }
        long declared = model.input(TIMESTEP_COND).shape()[1];
        long width = declared > 0 ? declared : config.timeCondProjDim();
        if (width < 4 || width % 2 != 0) {
            throw invalid("unet/config.json: time_cond_proj_dim must be even and at least 4, got %d", width);
        }
        return (int) width;
    }

    private InferenceException invalid(String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE, model.name() + ": " + String.format(Locale.ROOT, format, args));
    }

    @Override
    public void close() {
        if (pair != null) {
            pair.close();
        }
        single.close();
        model.close();
    }
}
