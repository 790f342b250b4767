package dev.mobilediffusion.runtime.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Config files for tests of the packages that read them. */
public final class ConfigFiles {

    private ConfigFiles() {}

    /** A {@code scheduler_config.json} with this content. */
    public static ConfigFile scheduler(JsonNode content) {
        return scheduler(content.toString());
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
