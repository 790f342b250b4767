package dev.mobilediffusion.runtime.bundle;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A text-to-image model in a folder, in the diffusers ONNX layout:
 *
 * <pre>
 * model_index.json
 * bundle.json                       ours, optional: {@link BundleManifest}
 * tokenizer/                        vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json
 * text_encoder/ unet/ vae_decoder/  config.json, model.onnx, perhaps its external data
 * vae_encoder/                      the same, optional: without it no image can be drawn anew
 * controlnet/ control/NAME/         model.onnx, optional: what follows control images
 * safety_checker/ feature_extractor/  model.onnx, preprocessor_config.json, where model_index.json names them
 * scheduler/scheduler_config.json
 * </pre>
 *
 * Opening reads and checks the configs; the networks are opened by whoever runs them. Immutable.
 *
 * @param folder absolute path of the bundle
 * @param name the folder's name
 * @param tokenizer vocabulary and merges
 * @param unet the UNet's config
 * @param vaeDecoder the decoder's config
 * @param scheduler the scheduler's config, to be read by the scheduler that it names
 * @param manifest what {@code bundle.json} says, where there is one
 */
public record ModelBundle(
        Path folder,
        String name,
        TokenizerFiles tokenizer,
        UnetConfig unet,
        VaeConfig vaeDecoder,
        ConfigFile scheduler,
        Optional<BundleManifest> manifest) {

    private static final String INDEX = "model_index.json";
    private static final String VAE_ENCODER = "vae_encoder/model.onnx";
    private static final String SAFETY_CHECKER = "safety_checker";
    private static final List<String> NETWORKS = List.of("text_encoder", "unet", "vae_decoder");

    /** Parts of other pipelines, which would have to run for a right image, and the sentence that refuses them. */
    private static final Map<String, String> REFUSED_PARTS = Map.of(
            "text_encoder_2", "has a second text encoder (Stable Diffusion XL), which cannot run here",
            "text_encoder_3", "has a third text encoder (Stable Diffusion 3), which cannot run here",
            "transformer",
                    "has a transformer in the place of a UNet (Stable Diffusion 3, Flux), which cannot run here");

    /**
     * Reads the configs of the bundle in {@code folder}.
     *
     * @throws InferenceException with code INVALID_BUNDLE that names the file or key at fault and what to do
     */
    public static ModelBundle open(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        if (!Files.isDirectory(absolute)) {
            throw ConfigFile.invalid("%s is not a folder; a model is a folder with a model_index.json", absolute);
        }
        refuseOtherPipelines(absolute);
        for (String network : NETWORKS) {
            requireNetwork(absolute, network);
        }
        UnetConfig unet = UnetConfig.of(ConfigFile.read(absolute, "unet/config.json"));
        VaeConfig vae = VaeConfig.of(ConfigFile.read(absolute, "vae_decoder/config.json"));
        if (unet.latentChannels() != vae.latentChannels()) {
            throw ConfigFile.invalid(
                    "unet/config.json has in_channels %d, vae_decoder/config.json latent_channels %d; they do not fit",
                    unet.latentChannels(), vae.latentChannels());
        }
        if (unet.inpaints() && !Files.isRegularFile(absolute.resolve(VAE_ENCODER))) {
            throw ConfigFile.invalid(
                    "the model in %s is made for in-painting (its UNet takes %d channels), and %s is missing; copy it"
                            + " from the model's export",
                    absolute.getFileName(), unet.inputChannels(), VAE_ENCODER);
        }
        ConfigFile scheduler = ConfigFile.read(absolute, "scheduler/scheduler_config.json");
        scheduler.text("_class_name");
        ModelBundle bundle = new ModelBundle(
                absolute,
                absolute.getFileName().toString(),
                TokenizerFiles.read(absolute),
                unet,
                vae,
                scheduler,
                Files.exists(absolute.resolve(BundleManifest.NAME))
                        ? Optional.of(BundleManifest.of(ConfigFile.read(absolute, BundleManifest.NAME)))
                        : Optional.empty());
        bundle.checkManifest();
        return bundle;
    }

    public Path textEncoderModel() {
        return folder.resolve("text_encoder/model.onnx");
    }

    public Path unetModel() {
        return folder.resolve("unet/model.onnx");
    }

    public Path vaeDecoderModel() {
        return folder.resolve("vae_decoder/model.onnx");
    }

    /** The VAE's encoder, where the bundle has one. */
    public Optional<Path> vaeEncoderModel() {
        return Optional.of(folder.resolve(VAE_ENCODER)).filter(Files::isRegularFile);
    }

    /** Whether the index names a safety checker, whose word every image then waits for. */
    public boolean namesSafetyChecker() {
        return ConfigFile.read(folder, INDEX).namesPart(SAFETY_CHECKER);
    }

    /**
     * The safety checker that the index names.
     *
     * @throws InferenceException with code INVALID_BUNDLE when it is missing
     */
    public Path safetyCheckerModel() {
        Path model = folder.resolve(SAFETY_CHECKER).resolve("model.onnx");
        if (!Files.isRegularFile(model)) {
            throw ConfigFile.invalid(
                    "the model in %s names a safety_checker, and safety_checker/model.onnx is missing; export it to"
                            + " ONNX, or run without one: --safety-checker off",
                    name);
        }
        return model;
    }

    /** How images are made ready for the safety checker. */
    public ConfigFile featureExtractor() {
        return ConfigFile.read(folder, "feature_extractor/preprocessor_config.json");
    }

    /** Native image width in pixels. */
    public int width() {
        return unet.latentWidth() * vaeDecoder.scaleFactor();
    }

    /** Native image height in pixels. */
    public int height() {
        return unet.latentHeight() * vaeDecoder.scaleFactor();
    }

    /** Compares every file with its hash in {@code bundle.json}, where there is one; itself when they are the same. */
    public ModelBundle verify() {
        manifest.ifPresent(present -> BundleVerifier.verify(folder, present));
        return this;
    }

    /** What each network holds, by its name, in the order in which they run; read from the files. */
    public Map<String, NetworkSummary> networks() {
        Map<String, NetworkSummary> networks = new LinkedHashMap<>();
        for (String network : NETWORKS) {
            networks.put(network, NetworkSummary.read(folder, network));
        }
        return networks;
    }

    /** Bytes of RAM that the model will hold at most once it has drawn, by rule of thumb. */
    public long memoryEstimate(RuntimeOptions.MemoryProfile profile) {
        return MemoryEstimate.of(this, profile);
    }

    /** Hash over all files, 64 hex digits: from {@code bundle.json}, or by reading everything where there is none. */
    public String sha256() {
        return BundleVerifier.combined(
                manifest.map(BundleManifest::files).orElseGet(() -> BundleVerifier.hashes(folder)));
    }

    private static void refuseOtherPipelines(Path folder) {
        ConfigFile index = ConfigFile.read(folder, INDEX);
        REFUSED_PARTS.forEach((part, sentence) -> {
            if (index.namesPart(part)) {
                throw ConfigFile.invalid("the model in %s %s", folder.getFileName(), sentence);
            }
        });
        if (index.namesPart("controlnet") && !Files.isRegularFile(folder.resolve("controlnet/model.onnx"))) {
            throw ConfigFile.invalid(
                    "the model in %s has a ControlNet, and controlnet/model.onnx is missing; copy it from the model's"
                            + " export",
                    folder.getFileName());
        }
        if (index.text("_class_name", "").contains("XL")) {
            throw ConfigFile.invalid("the model in %s %s", folder.getFileName(), REFUSED_PARTS.get("text_encoder_2"));
        }
    }

    private static void requireNetwork(Path folder, String network) {
        Path file = folder.resolve(network).resolve("model.onnx");
        if (Files.isRegularFile(file)) {
            return;
        }
        Path parts = network.equals("vae_decoder") ? folder.resolve("vae") : folder.resolve(network);
        boolean torch = Files.exists(parts.resolve("diffusion_pytorch_model.safetensors"))
                || Files.exists(parts.resolve("model.safetensors"));
        throw ConfigFile.invalid(
                "%s/model.onnx is missing in %s; %s",
                network,
                folder,
                torch ? "the model is in PyTorch's form: export it to ONNX first" : "copy it from the model's export");
    }

    private void checkManifest() {
        manifest.ifPresent(present -> {
            for (Path model : new Path[] {textEncoderModel(), unetModel(), vaeDecoderModel()}) {
                String path = folder.relativize(model).toString().replace('\\', '/');
                if (!present.files().containsKey(path)) {
                    throw ConfigFile.invalid("bundle.json: files lacks %s; install the model again", path);
                }
            }
            int statedWidth = present.width().orElse(width());
            int statedHeight = present.height().orElse(height());
            if (statedWidth != width() || statedHeight != height()) {
                throw ConfigFile.invalid(
                        "bundle.json says %dx%d pixels, the configs make %dx%d (sample_size of the UNet times the"
                                + " decoder's scale factor)",
                        statedWidth, statedHeight, width(), height());
            }
        });
    }
}
