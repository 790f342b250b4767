package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Which models there are: {@code --models}, for every command that needs one. */
final class ModelOptions {

    private static final String VARIABLE = "MOBILEDIFFUSION_MODELS";

    @Spec(Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--models",
            paramLabel = "DIR",
            defaultValue = "${env:" + VARIABLE + "}",
            description = "Folder of the models, each a folder with a model_index.json." + " Default: " + VARIABLE
                    + ", else models, beside the program.")
    private Path folder;

    /** The same for a command that puts models in: a folder that is missing will be created. */
    ModelLibrary libraryToFill() {
        return folder == null || Files.exists(folder) ? library() : new ModelLibrary(folder);
    }

    ModelLibrary library() {
        if (folder == null) {
            return new ModelLibrary(home().resolve("models"));
        }
        if (!Files.isDirectory(folder)) {
            throw new ParameterException(
                    command.commandLine(), "--models must name a folder that exists, got %s".formatted(folder));
        }
        return new ModelLibrary(folder);
    }

    /** Where the program lies: the launcher says so; without it, the working directory. */
    private static Path home() {
        return Path.of(System.getProperty("mobilediffusion.home", "")).toAbsolutePath();
    }
}
