package dev.mobilediffusion.runtime.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Config files for tests of the packages that read them. */
public final class ConfigFiles {

    /** Writes infinities bare, as Python does. */
    private static final JsonMapper AS_PYTHON =
            JsonMapper.builder().disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS).build();

    private ConfigFiles() {}

    /** A {@code scheduler_config.json} with this content. */
    public static ConfigFile scheduler(JsonNode content) {
        try {
            return scheduler(AS_PYTHON.writeValueAsString(content));
        } catch (JsonProcessingException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** A {@code scheduler_config.json} with this content, in JSON with single quotes. */
    public static ConfigFile scheduler(String content) {
        try {
            Path folder = Files.createTempDirectory("config");
            Path file = folder.resolve("scheduler_config.json");
            Files.writeString(file, content.replace('\'', '"'));
            ConfigFile config = ConfigFile.read(folder, "scheduler_config.json");
            Files.delete(file);
            Files.delete(folder);
            return config;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
