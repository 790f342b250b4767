package dev.mobilediffusion.runtime.bundle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A folder of models: every subfolder with a {@code model_index.json} is one, and the subfolder's name is its name. */
public record ModelLibrary(Path folder) {

    private static final String PREFERRED = "pocket";
    private static final String MARK = "model_index.json";

    /** The models' names, sorted; none when the folder itself is missing. */
    public List<String> names() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> models = Files.list(folder)) {
            return models.filter(model -> Files.isRegularFile(model.resolve(MARK)))
                    .map(model -> model.getFileName().toString())
                    .filter(name -> !name.startsWith(".")) // being installed or removed
                    .sorted()
                    .toList();
        } catch (IOException failure) {
            throw ConfigFile.invalid("the models folder %s cannot be read: %s", folder, failure);
        }
    }

    /**
     * The name of a model that is there: the one {@code wanted}, else {@code pocket}, else the first.
     *
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_BUNDLE that names the models there are
     */
    public String choose(Optional<String> wanted) {
        List<String> names = names();
        if (names.isEmpty()) {
            throw ConfigFile.invalid("there is no model in %s; a model is a folder with a %s", folder, MARK);
        }
        String name = wanted.orElse(names.contains(PREFERRED) ? PREFERRED : names.getFirst());
        if (!names.contains(name)) {
            throw ConfigFile.invalid("there is no model '%s' in %s, only %s", name, folder, String.join(", ", names));
        }
        return name;
    }

    /** The folder of the model called {@code name}, which {@link #names} lists. */
    public Path model(String name) {
        return folder.resolve(name);
    }
}
