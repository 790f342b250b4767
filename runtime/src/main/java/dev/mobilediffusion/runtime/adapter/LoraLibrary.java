package dev.mobilediffusion.runtime.adapter;

import dev.mobilediffusion.runtime.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A folder of LoRAs: every {@code NAME.safetensors} is one, called NAME. */
public record LoraLibrary(Path folder) {

    private static final String ENDING = ".safetensors";

    /** The one beside the bundles in {@code models}. */
    public static LoraLibrary in(Path models) {
        return new LoraLibrary(models.resolve("loras"));
    }

    /** The one beside a bundle's folder. */
    public static LoraLibrary beside(Path bundle) {
        return new LoraLibrary(bundle.resolveSibling("loras"));
    }

    /** The LoRAs' names, sorted; none when the folder is missing. */
    public List<String> names() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(ENDING) && !name.startsWith("."))
                    .map(name -> name.substring(0, name.length() - ENDING.length()))
                    .sorted()
                    .toList();
        } catch (IOException unreadable) {
            throw new InferenceException(
                    InferenceException.Code.INVALID_BUNDLE,
                    "the folder of LoRAs %s cannot be read: %s".formatted(folder, unreadable),
                    unreadable);
        }
    }

    /** The file of the LoRA called {@code name}, there or not. */
    public Path file(String name) {
        return folder.resolve(name + ENDING);
    }

    /**
     * The file of a LoRA.
     *
     * @throws InferenceException with code INVALID_REQUEST that names those there are
     */
    public Path require(String name) {
        if (!names().contains(name)) {
            throw InferenceException.invalid(
                    "loras", "loras: there is no %s in %s, only %s", name, folder, String.join(", ", names()));
        }
        return file(name);
    }
}
