package dev.mobilediffusion.server.install;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A library of models in a folder of its own, and installers into it. */
abstract class InstallerFixture {

    static final Path TINY = Path.of("..", "runtime", "src", "test", "resources", "bundles", "tiny-sd");

    static final InstallProgress QUIET = (file, done, total) -> {};

    @TempDir
    Path folder;

    ModelLibrary library;

    @BeforeEach
    void library() throws IOException {
        library = new ModelLibrary(Files.createDirectories(folder.resolve("models")));
    }

    static byte[] message(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /** Of less than 128 bytes. */
    static byte[] bytes(int number, byte[] value) {
        return message(new byte[] {(byte) (number << 3 | 2), (byte) value.length}, value);
    }

    String refusal(String source) {
        return assertThrows(InstallException.class, () -> installer().add(source, Optional.empty(), QUIET))
                .getMessage();
    }

    ModelInstaller installer() {
        return new ModelInstaller(
                library,
                HubClient.ofEnvironment(java.util.Map.of("HF_ENDPOINT", "http://127.0.0.1:9/")),
                InstallerFixture::open);
    }

    ModelInstaller installer(FakeHub hub) {
        return new ModelInstaller(library, hub.client(), InstallerFixture::open);
    }

    static void open(Path model) {
        TextToImagePipeline.load(model, RuntimeOptions.defaults().withMemory(RuntimeOptions.MemoryProfile.SMALL))
                .close();
    }

    /** Hidden files and folders beside the models. */
    List<String> leftovers() {
        try (Stream<Path> files = Files.list(library.folder())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("."))
                    .toList();
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    Path copy(String name) throws IOException {
        Path target = folder.resolve(name);
        try (Stream<Path> files = Files.walk(TINY)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(TINY.relativize(file).toString()));
            }
        }
        return target;
    }

    static int fileCount() throws IOException {
        try (Stream<Path> files = Files.walk(TINY)) {
            return (int) files.filter(Files::isRegularFile).count();
        }
    }

    static long bytes(Path source) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}
