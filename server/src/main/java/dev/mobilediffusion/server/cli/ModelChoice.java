package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.server.ServerConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The models that a command's settings {@code models} and {@code model} name. */
final class ModelChoice {

    private ModelChoice() {}

    /** All in the folder, which must exist where it was named. */
    static ModelLibrary library(CommandSpec command) {
        return library(command, SettingFlags.config(command));
    }

    /** As {@link #library(CommandSpec)}, where the settings were read already. */
    static ModelLibrary library(CommandSpec command, ServerConfig config) {
        Path folder = config.models();
        if (!Files.isDirectory(folder) && !isUsual(folder)) {
            throw new ParameterException(
                    command.commandLine(), "--models must name a folder that exists, got %s".formatted(folder));
        }
        return new ModelLibrary(folder);
    }

    /** For a command that puts models in: a folder that is missing will be created. */
    static ModelLibrary libraryToFill(CommandSpec command) {
        ServerConfig config = SettingFlags.config(command);
        return Files.exists(config.models()) ? library(command, config) : new ModelLibrary(config.models());
    }

    /** The folder of the model to use. */
    static Path bundle(CommandSpec command) {
        ServerConfig config = SettingFlags.config(command);
        ModelLibrary library = library(command, config);
        return library.model(library.choose(config.model()));
    }

    /** The folder beside the program may be missing: there are no models then. */
    private static boolean isUsual(Path folder) {
        return folder.equals(SettingFlags.home().resolve("models"));
    }
}
