package dev.mobilediffusion.server.install;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Which of a repository's files are the model that runs here; the rest may be many times as large. */
final class ModelFiles {

    private static final Set<String> AT_THE_TOP = Set.of("model_index.json", "bundle.json", "LICENSE", "LICENSE.txt");

    private static final Set<String> FOLDERS = Set.of(
            "tokenizer",
            "text_encoder",
            "unet",
            "vae_decoder",
            "vae_encoder",
            "scheduler",
            "safety_checker",
            "feature_extractor",
            "controlnet",
            "control");

    /** Weights in the form of other programs. */
    private static final Set<String> FOREIGN =
            Set.of("safetensors", "msgpack", "h5", "ckpt", "pt", "pth", "gguf", "md");

    /** PyTorch's and OpenVINO's weights; any other {@code .bin} may hold what lies outside of a {@code model.onnx}. */
    private static final Pattern FOREIGN_BINARY = Pattern.compile(".*(pytorch_model|openvino_)[^/]*\\.bin");

    private ModelFiles() {}

    /** @param path within the repository, with slashes */
    static boolean belongs(String path) {
        if (path.startsWith(".") || path.contains("/.")) {
            return false;
        }
        int slash = path.indexOf('/');
        if (slash < 0) {
            return AT_THE_TOP.contains(path);
        }
        String ending = path.substring(path.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return FOLDERS.contains(path.substring(0, slash))
                && !FOREIGN.contains(ending)
                && !FOREIGN_BINARY.matcher(path.toLowerCase(Locale.ROOT)).matches();
    }
}
