package dev.mobilediffusion.runtime;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The random models under {@code bundles}, which {@code models/forge/goldens/tiny_bundles.py} made, and altered copies. */
public final class TinyBundle {

    /** Like pocket: flow matching, guidance baked in, bundle.json. */
    public static final String FLOW = "tiny-flow";

    /** {@link #FLOW} after the forge's {@code quantize --kind int8-static}. */
    public static final String FLOW_ON_INTEGERS = "tiny-flow-int8";

    /** Like the forge's preset pocket: images of the prompt's things behind the text states. */
    public static final String MEMORY = "tiny-memory";

    /** Like Stable Diffusion 1: epsilon, Euler, free batch. */
    public static final String STABLE_DIFFUSION = "tiny-sd";

    /** Like a latent consistency model in float16 with external data. */
    public static final String LCM = "tiny-lcm";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // as Python reads and writes them
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build();

    private TinyBundle() {}

    public static Path resource(String name) {
        try {
            return Path.of(TinyBundle.class.getResource("/" + name).toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    public static Path folder(String name) {
        return resource("bundles/" + name);
    }

    public static JsonNode json(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** A copy of a bundle, to be altered, below {@code parent}. */
    public static Path copy(String name, Path parent) {
        Path source = folder(name);
        Path target = parent.resolve(name);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return target;
    }

    /** Sets the keys of {@code changes} in a JSON file; null removes a key. */
    public static void change(Path file, JsonNode changes) {
        ObjectNode content = (ObjectNode) json(file);
        changes.properties().forEach(entry -> {
            if (entry.getValue().isNull()) {
                content.remove(entry.getKey());
            } else {
                content.set(entry.getKey(), entry.getValue());
            }
        });
        try {
            JSON.writeValue(file.toFile(), content);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Like {@link #change(Path, JsonNode)}, the changes being JSON with single quotes. */
    public static void change(Path file, String changes) {
        try {
            change(file, JSON.readTree(changes.replace('\'', '"')));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
