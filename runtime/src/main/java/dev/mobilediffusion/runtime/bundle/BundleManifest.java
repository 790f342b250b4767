package dev.mobilediffusion.runtime.bundle;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Our own {@code bundle.json}, which public bundles lack:
 *
 * <pre>{@code
 * {
 *   "format_version": 1,
 *   "name": "pocket",
 *   "files": {"unet/model.onnx": "<sha256, 64 hex digits>", …},   every file of the bundle but this one
 *   "default_steps": 8, "steps_range": [1, 20],
 *   "default_guidance_scale": 1.0, "guidance_baked_in": true,
 *   "width": 512, "height": 512,
 *   "parameters": 12345678,
 *   "licence": "Apache-2.0",
 *   "words": ["a", "red", "house", …],
 *   "groups": {"food": ["pizza", …], …},
 *   "read_as": {"2": "two", …},
 *   "drawn_as": {"in the garden": "in a meadow", …},
 *   "made_by": {…}                                                for people; not read
 * }
 * }</pre>
 *
 * Everything but {@code format_version} and {@code files} may be absent.
 *
 * @param name what the maker calls the model; empty when unnamed
 * @param files path within the bundle, with slashes → sha256 in hex
 * @param defaultSteps steps when a request names none
 * @param minSteps fewest steps that the model was made for; 1 when it does not say
 * @param maxSteps most steps that the model was made for; large when it does not say
 * @param defaultGuidanceScale guidance when a request names none
 * @param guidanceBakedIn whether guidance was distilled into the weights
 * @param width native image width in pixels
 * @param height native image height in pixels
 * @param parameters number of weights; 0 when it does not say
 * @param licence SPDX identifier; empty when it does not say
 * @param words words that the model knows, sorted; empty when it takes any text
 * @param groups names of the things that it draws, by group; empty when it does not say
 * @param readAs phrases that it was not taught → what means the same
 * @param drawnAs phrases that it was not taught → the nearest that it draws
 */
public record BundleManifest(
        String name,
        Map<String, String> files,
        OptionalInt defaultSteps,
        int minSteps,
        int maxSteps,
        OptionalDouble defaultGuidanceScale,
        boolean guidanceBakedIn,
        OptionalInt width,
        OptionalInt height,
        long parameters,
        String licence,
        List<String> words,
        Map<String, List<String>> groups,
        Map<String, String> readAs,
        Map<String, String> drawnAs) {

    static final String NAME = "bundle.json";

    private static final int FORMAT_VERSION = 1;

    static BundleManifest of(ConfigFile file) {
        int version = file.integer("format_version");
        if (version != FORMAT_VERSION) {
            throw ConfigFile.invalid(
                    "%s has format_version %d, this program reads %d; update the program",
                    NAME, version, FORMAT_VERSION);
        }
        float[] range = file.numbers("steps_range");
        if (range.length != 0 && (range.length != 2 || !(range[0] >= 1) || !(range[1] >= range[0]))) {
            throw ConfigFile.invalid("%s: steps_range must be [fewest, most], both at least 1", NAME);
        }
        return new BundleManifest(
                file.text("name", ""),
                hashes(file),
                file.has("default_steps") ? OptionalInt.of(atLeastOne(file, "default_steps")) : OptionalInt.empty(),
                range.length == 0 ? 1 : (int) range[0],
                range.length == 0 ? Integer.MAX_VALUE : (int) range[1],
                file.has("default_guidance_scale")
                        ? OptionalDouble.of(file.number("default_guidance_scale"))
                        : OptionalDouble.empty(),
                file.flag("guidance_baked_in", false),
                file.has("width") ? OptionalInt.of(atLeastOne(file, "width")) : OptionalInt.empty(),
                file.has("height") ? OptionalInt.of(atLeastOne(file, "height")) : OptionalInt.empty(),
                (long) file.number("parameters", 0),
                file.text("licence", ""),
                file.texts("words").stream()
                        .map(word -> word.toLowerCase(Locale.ROOT))
                        .distinct()
                        .sorted()
                        .toList(),
                file.textsByName("groups"),
                file.textMap("read_as"),
                file.textMap("drawn_as"));
    }

    private static Map<String, String> hashes(ConfigFile file) {
        Map<String, String> hashes = file.textMap("files");
        if (hashes.isEmpty()) {
            throw ConfigFile.invalid("%s lacks files, the sha256 of every file of the bundle", NAME);
        }
        hashes.forEach((path, hash) -> {
            if (!hash.matches("[0-9a-f]{64}")) {
                throw ConfigFile.invalid("%s: files: %s must have 64 lower-case hex digits, got %s", NAME, path, hash);
            }
        });
        return hashes;
    }

    private static int atLeastOne(ConfigFile file, String key) {
        int value = file.integer(key);
        if (value < 1) {
            throw ConfigFile.invalid("%s: %s must be at least 1, got %d", NAME, key, value);
        }
        return value;
    }
}
