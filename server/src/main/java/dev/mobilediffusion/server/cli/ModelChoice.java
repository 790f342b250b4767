package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One of the models: {@code --model}, for the commands that draw. */
final class ModelChoice {

    private static final String VARIABLE = "MOBILEDIFFUSION_MODEL";

    @Mixin
    private ModelOptions models;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "${env:" + VARIABLE + "}",
            description = "Which model draws. Default: " + VARIABLE + ", else pocket, else the first there is.")
    private Optional<String> name = Optional.empty();

    ModelLibrary library() {
        return models.library();
    }

    Optional<String> name() {
        return name;
    }

    /** The folder of the model to use. */
    Path bundle() {
        ModelLibrary library = library();
        return library.model(library.choose(name));
    }
}
