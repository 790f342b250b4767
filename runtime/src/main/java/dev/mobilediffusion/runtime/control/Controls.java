package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.NetworkOutline;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * The control networks of a bundle, in one of three layouts:
 *
 * <pre>
 * unet/model.onnx               with inputs controlnet_conds and conditioning_scales: they are inside it
 * controlnet/model.onnx         whose outputs a UNet takes as down_block_additional_residuals_0, …
 * control/NAME/model.onnx       adapters, see {@link ControlAdapter}; the UNet's file says nothing of them
 * </pre>
 *
 * Immutable; reads only names and metadata.
 */
public final class Controls {

    private static final String CONTROLNET = "controlnet";

    /** {@code down_block_additional_residuals_0}, {@code mid_block_res_sample}: place and number. */
    private static final Pattern RESIDUAL =
            Pattern.compile("(down|mid)_block_(?:additional_)?res(?:idual|_sample)s?(?:_(\\d+))?");

    private enum Layout {
        NONE,
        MERGED,
        TWO_GRAPHS,
        ADAPTERS
    }

    private final Path folder; // of the bundle
    private final Layout layout;
    private final List<String> names;

    private Controls(Path folder, Layout layout, List<String> names) {
        this.folder = folder;
        this.layout = layout;
        this.names = List.copyOf(names);
    }

    /**
     * Those of a bundle.
     *
     * @param folder the bundle's
     */
    public static Controls in(Path folder) {
        Map<String, Long> inputs =
                NetworkOutline.read(folder.resolve("unet/model.onnx")).inputs();
        if (inputs.containsKey(MergedControl.IMAGES)) {
            long count = Math.max(1, inputs.get(MergedControl.IMAGES));
            return new Controls(
                    folder,
                    Layout.MERGED,
                    count == 1
                            ? List.of(CONTROLNET)
                            : LongStream.rangeClosed(1, count)
                                    .mapToObj(n -> CONTROLNET + "-" + n)
                                    .toList());
        }
        if (inputs.keySet().stream().anyMatch(input -> place(input).isPresent())) {
            if (!Files.isRegularFile(controlnet(folder))) {
                throw new InferenceException(
                        InferenceException.Code.INVALID_BUNDLE,
                        "the UNet of %s takes what a ControlNet computes, and controlnet/model.onnx is missing; copy it"
                                        .formatted(folder.getFileName())
                                + " from the model's export");
            }
            return new Controls(folder, Layout.TWO_GRAPHS, List.of(CONTROLNET));
        }
        if (Files.isRegularFile(controlnet(folder))) {
            throw new InferenceException(
                    InferenceException.Code.INVALID_BUNDLE,
                    "controlnet/model.onnx is for a UNet that takes what it computes, as inputs named"
                            + " down_block_additional_residuals_0 and so on; that of %s takes none of them"
                                    .formatted(folder.getFileName()));
        }
        List<String> adapters = ControlAdapter.names(folder);
        return new Controls(folder, adapters.isEmpty() ? Layout.NONE : Layout.ADAPTERS, adapters);
    }

    /** What requests may name; none when the model follows no control images. */
    public List<String> names() {
        return names;
    }

    /** Whether an image that follows one needs another UNet than the bundle's, see {@link ControlledUnet}. */
    public boolean areAdapters() {
        return layout == Layout.ADAPTERS;
    }

    /**
     * What fills the inputs that the bundle's own UNet has for them; empty when it has none.
     *
     * @param rows of an encoded prompt
     * @param hiddenSize width of a row
     */
    public Optional<UnetControl> builtIn(ModelBundle bundle, int rows, int hiddenSize, RuntimeOptions options) {
        Sizes sizes = Sizes.of(bundle, rows, hiddenSize);
        return switch (layout) {
            case NONE, ADAPTERS -> Optional.empty();
            case MERGED -> Optional.of(new MergedControl(sizes, names));
            case TWO_GRAPHS -> Optional.of(twoGraphs(sizes, options));
        };
    }

    /** The control image of a request, made ready; refused as {@link #require} does. */
    public UnetControl.Lines lines(ControlImage image) {
        String name = require(image.control());
        Preprocessor preprocessor = image.preprocessor().orElseGet(() -> preprocessor(name));
        return new UnetControl.Lines(Preprocessing.planes(image.image(), preprocessor), (float) image.scale(), name);
    }

    /**
     * The name of the control network that a request wants.
     *
     * @param wanted its name; empty for the only one
     * @throws InferenceException with code INVALID_REQUEST when the model has no such control, and names those it has
     */
    public String require(Optional<String> wanted) {
        if (names.isEmpty()) {
            throw InferenceException.invalid(
                    "control_image", "control_image: the model %s follows no control images", folder.getFileName());
        }
        String listed = String.join(", ", names);
        if (wanted.isEmpty() && names.size() > 1) {
            throw InferenceException.invalid(
                    "control", "control must name one of the controls of %s: %s", folder.getFileName(), listed);
        }
        String name = wanted.orElse(names.getFirst());
        if (!names.contains(name)) {
            throw InferenceException.invalid(
                    "control", "control must be one that %s has (%s), got %s", folder.getFileName(), listed, name);
        }
        return name;
    }

    /** What {@code name} was trained on; public networks do not say. */
    public Preprocessor preprocessor(String name) {
        return areAdapters() ? ControlAdapter.read(folder, name).preprocessor() : Preprocessor.NONE;
    }

    private Residuals twoGraphs(Sizes sizes, RuntimeOptions options) {
        ResidualNetwork network =
                ResidualNetwork.load(controlnet(folder), CONTROLNET, "controlnet_cond", sizes, options);
        Map<String, Integer> outputs = new HashMap<>();
        for (int i = 0; i < network.outputSpecs().size(); i++) {
            TensorSpec output = network.outputSpecs().get(i);
            int index = i;
            place(output.name()).ifPresent(place -> outputs.put(place, index));
        }
        Map<String, Integer> byInput = new HashMap<>();
        List<String> missing = new ArrayList<>();
        for (String input :
                NetworkOutline.read(folder.resolve("unet/model.onnx")).inputs().keySet()) {
            place(input).ifPresent(place -> {
                if (outputs.containsKey(place)) {
                    byInput.put(input, outputs.get(place));
                } else {
                    missing.add(input);
                }
            });
        }
        if (!missing.isEmpty()) {
            network.close();
            throw new InferenceException(
                    InferenceException.Code.INVALID_BUNDLE,
                    "controlnet/model.onnx is for another UNet: %s has no output for its input %s"
                            .formatted(CONTROLNET, missing.getFirst()));
        }
        return new Residuals(network, byInput);
    }

    private static Path controlnet(Path folder) {
        return folder.resolve("controlnet/model.onnx");
    }

    /** {@code down 3} of a residual's name, however exporters spell it; empty when it is none. */
    private static Optional<String> place(String name) {
        Matcher residual = RESIDUAL.matcher(name);
        return residual.matches()
                ? Optional.of(residual.group(1) + " " + (residual.group(2) == null ? "0" : residual.group(2)))
                : Optional.empty();
    }
}
