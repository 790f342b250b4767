package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The folder in which every subfolder with a {@code model_index.json} is a model. */
record ModelLibrary(Path folder) {

    private static final String PREFERRED = "pocket";

    /** The models' folders, by name; none when the library itself is missing. */
    List<Path> models() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.filter(candidate -> Files.isRegularFile(candidate.resolve("model_index.json")))
                    .sorted()
                    .toList();
        } catch (IOException failure) {
            throw new CommandFailure(
                    "cannot read the models' folder %s: %s".formatted(folder, failure.getMessage()), failure);
        }
    }

    /** The folder of the model called {@code name}. */
    Path model(String name) {
        List<Path> models = models();
        return models.stream()
                .filter(model -> model.getFileName().toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new CommandFailure(
                        models.isEmpty()
                                ? noModels()
                                : "there is no model '%s' in %s, only %s".formatted(name, folder, names(models))));
    }

    /** The only model, or {@code pocket} among several. */
    Path defaultModel() {
        List<Path> models = models();
        if (models.isEmpty()) {
            throw new CommandFailure(noModels());
        }
        return models.size() == 1
                ? models.getFirst()
                : models.stream()
                        .filter(model -> model.getFileName().toString().equals(PREFERRED))
                        .findFirst()
                        .orElseThrow(() -> new CommandFailure("several models are in %s, name one with --model: %s"
                                .formatted(folder, names(models))));
    }

    String noModels() {
        return "there is no model in %s; a model is a folder with a model_index.json".formatted(folder);
    }

    private static String names(List<Path> models) {
        return String.join(
                ", ",
                models.stream().map(model -> model.getFileName().toString()).toList());
    }
}
