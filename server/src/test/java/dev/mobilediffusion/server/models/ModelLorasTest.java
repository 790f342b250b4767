package dev.mobilediffusion.server.models;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelLorasTest {

    private static final Path RESOURCES = Path.of("..", "runtime", "src", "test", "resources");
    private static final Path GOLDENS = RESOURCES.resolve("goldens").resolve("lora");

    @TempDir
    private Path models;

    @BeforeEach
    void install() throws IOException {
        copy(GOLDENS.resolve("tiny-lora"), models.resolve("tiny-lora"));
        copy(RESOURCES.resolve("bundles").resolve("tiny-flow"), models.resolve("tiny-flow"));
        Files.createDirectories(models.resolve("loras"));
    }

    @Test
    void tellsWhatEachChangesAndFits() throws IOException {
        Files.copy(GOLDENS.resolve("kohya.safetensors"), models.resolve("loras").resolve("night.safetensors"));
        Files.writeString(models.resolve("loras").resolve("text.safetensors"), "no LoRA at all");
        ModelLoras loras = new ModelLoras(models);

        List<ModelLoras.Entry> all = loras.all();

        ModelLoras.Entry night = all.get(0);
        assertThat(night.name(), is("night"));
        assertThat(night.bytes(), is(Files.size(GOLDENS.resolve("kohya.safetensors"))));
        assertThat(night.summary().orElseThrow().unetLayers(), is(greaterThan(0)));
        assertThat(night.fits(), contains("tiny-lora"));
        ModelLoras.Entry text = all.get(1);
        assertThat(text.fault(), containsString("no safetensors file"));
        assertThat(text.fits(), is(empty()));
        assertThat("the same again", loras.all(), is(all));
    }

    @Test
    void whatChangesIsTriedAnew() throws IOException {
        Files.copy(GOLDENS.resolve("kohya.safetensors"), models.resolve("loras").resolve("night.safetensors"));
        ModelLoras loras = new ModelLoras(models);
        assertThat(loras.all().getFirst().fits(), contains("tiny-lora"));

        Files.move(models.resolve("tiny-lora"), models.resolve("renamed"));
        assertThat(loras.all().getFirst().fits(), contains("renamed"));
        Files.delete(models.resolve("loras").resolve("night.safetensors"));
        assertThat(loras.all(), is(empty()));
    }

    private static void copy(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
    }
}
