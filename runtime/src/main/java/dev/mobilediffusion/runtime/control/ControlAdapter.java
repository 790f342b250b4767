package dev.mobilediffusion.runtime.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.bundle.NetworkOutline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A small network whose outputs are added to tensors inside a UNet that knows nothing of it: {@code
 * control/NAME/model.onnx} of a bundle. It takes {@code control_image} (1, 3, H, W), RGB in [0, 1], and {@code
 * conditioning_scale} (1), perhaps also what the UNet takes. Its metadata:
 *
 * <pre>
 * adds_to        {"skip_0": "down0/residual/Add_93", …}     output → tensor of the UNet
 * preprocessor   none | edges | invert                      what made the images that it was trained on
 * </pre>
 *
 * @param addsTo output → tensor of the UNet, in the file's order
 */
record ControlAdapter(String name, Path file, Map<String, String> addsTo, Preprocessor preprocessor) {

    private static final String FOLDER = "control";

    /** Names of a bundle's adapters, sorted. */
    static List<String> names(Path bundle) {
        Path folder = bundle.resolve(FOLDER);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> Files.isRegularFile(file.resolve("model.onnx")))
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException unreadable) {
            throw new InferenceException(
                    InferenceException.Code.INVALID_BUNDLE,
                    "%s cannot be read: %s".formatted(folder, unreadable),
                    unreadable);
        }
    }

    /** @throws InferenceException with code INVALID_BUNDLE that names what its metadata lacks */
    static ControlAdapter read(Path bundle, String name) {
        Path file = bundle.resolve(FOLDER).resolve(name).resolve("model.onnx");
        Map<String, String> metadata = NetworkOutline.read(file).metadata();
        String spelt = metadata.getOrDefault("preprocessor", Preprocessor.NONE.spelling());
        Preprocessor preprocessor = Preprocessor.spelt(spelt)
                .orElseThrow(
                        () -> invalid(name, "preprocessor must be one of %s, got %s", Preprocessor.spellings(), spelt));
        Map<String, String> addsTo = new LinkedHashMap<>();
        try {
            JsonNode json = new ObjectMapper().readTree(metadata.getOrDefault("adds_to", ""));
            json.properties()
                    .forEach(
                            entry -> addsTo.put(entry.getKey(), entry.getValue().asText()));
        } catch (JsonProcessingException malformed) {
            addsTo.clear();
        }
        if (addsTo.isEmpty()) {
            throw invalid(name, "adds_to must be a JSON object, output → tensor of the UNet");
        }
        return new ControlAdapter(name, file, addsTo, preprocessor);
    }

    static InferenceException invalid(String name, String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE,
                "control/" + name + "/model.onnx: metadata: " + String.format(Locale.ROOT, format, args));
    }
}
