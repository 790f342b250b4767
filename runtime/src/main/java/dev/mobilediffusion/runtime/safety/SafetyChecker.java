package dev.mobilediffusion.runtime.safety;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The network that says whether an image is one that its maker does not want drawn, as diffusers exports its
 * {@code StableDiffusionSafetyChecker}: {@code clip_input} (1, 3, H, W), and {@code images} (1, height, width, 3) where it
 * asks for them; {@code has_nsfw_concepts} (1). Owns its network and buffers; for one thread at a time.
 */
public final class SafetyChecker implements AutoCloseable {

    private static final String NAME = "safety_checker";
    private static final String CLIP_INPUT = "clip_input";
    private static final String IMAGES = "images";
    private static final String FLAGGED = "has_nsfw_concepts";
    private static final int COLOURS = 3;

    private final OnnxModel model;
    private final FeatureExtractor extractor;
    private final int width;
    private final int height;
    private final int columns;
    private final int rows;
    private final List<TensorBuffer> inputs = new ArrayList<>(); // in the model's order
    private final TensorBuffer flagged; // (1), not 0 for a flagged image
    private final OnnxModel.Binding binding;
    private final float[] features; // (3, rows, columns)

    private SafetyChecker(OnnxModel model, ModelBundle bundle) {
        this.model = model;
        this.width = bundle.width();
        this.height = bundle.height();
        extractor = FeatureExtractor.of(bundle.featureExtractor());
        columns = extractor.columns(width, height);
        rows = extractor.rows(width, height);
        features = new float[COLOURS * rows * columns];
        model.input(CLIP_INPUT);
        TensorSpec output = model.outputs().stream()
                .filter(spec -> spec.name().equals(FLAGGED))
                .findFirst()
                .orElseThrow(() -> invalid("lacks the output %s; it has %s", FLAGGED, model.outputs()));
        try {
            for (TensorSpec input : model.inputs()) {
                inputs.add(model.allocate(input, shape(input)));
            }
            flagged = model.allocate(output, 1);
        } catch (RuntimeException failure) {
            inputs.forEach(TensorBuffer::close);
            throw failure;
        }
        binding = model.bind(inputs, List.of(flagged));
        model.rest();
    }

    private long[] shape(TensorSpec input) {
        return switch (input.name()) {
            case CLIP_INPUT -> new long[] {1, COLOURS, rows, columns};
            case IMAGES -> new long[] {1, height, width, COLOURS};
            default ->
                throw invalid(
                        "the input %s is not known here (known: %s, %s); the network is no safety checker as diffusers"
                                + " exports it",
                        input.name(), CLIP_INPUT, IMAGES);
        };
    }

    /**
     * The checker of a bundle that has one, unless its owner does not want it run.
     *
     * @throws InferenceException with code INVALID_BUNDLE when it is named and cannot run
     */
    public static Optional<SafetyChecker> load(ModelBundle bundle, RuntimeOptions options) {
        if (!options.safetyChecker() || !bundle.namesSafetyChecker()) {
            return Optional.empty();
        }
        OnnxModel model = OnnxModel.open(bundle.safetyCheckerModel(), NAME, options, false);
        try {
            return Optional.of(new SafetyChecker(model, bundle));
        } catch (RuntimeException failure) {
            model.close();
            throw failure;
        }
    }

    /**
     * Whether the image must not be shown.
     *
     * @param rgb (height, width, 3) bytes in [0, 255] of the bundle's native size
     */
    public boolean flags(byte[] rgb, CancelToken cancel) {
        extractor.apply(new RgbImage(width, height, rgb), features, columns, rows);
        for (TensorBuffer input : inputs) {
            if (input.name().equals(CLIP_INPUT)) {
                input.put(0, features);
            } else {
                putPixels(input, rgb);
            }
        }
        try {
            binding.run(cancel);
            float[] found = new float[1];
            flagged.read(0, found);
            return found[0] != 0;
        } finally {
            model.rest();
        }
    }

    /** Bytes in [0, 255] to numbers in [0, 1], row by row. */
    private void putPixels(TensorBuffer images, byte[] rgb) {
        float[] row = new float[width * COLOURS];
        for (int y = 0; y < height; y++) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (rgb[y * row.length + i] & 0xff) / 255f;
            }
            images.put(y * row.length, row);
        }
    }

    private static InferenceException invalid(String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE, NAME + ": " + String.format(Locale.ROOT, format, args));
    }

    @Override
    public void close() {
        flagged.close();
        inputs.forEach(TensorBuffer::close);
        model.close();
    }
}
