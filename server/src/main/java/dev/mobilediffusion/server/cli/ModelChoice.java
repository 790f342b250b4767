package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import dev.mobilediffusion.runtime.upscale.TwoPassPipeline;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.machine.Machine;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The models that a command's settings {@code models} and {@code model} name, and how they run. */
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

    /** How it runs: memory, execution provider, kernels, threads. Optimized graphs are kept in the data folder, where things of one's own are. */
    static RuntimeOptions options(CommandSpec command) {
        ServerConfig config = SettingFlags.config(command);
        RuntimeOptions options = config.device()
                .options(Machine.here(), config.data())
                .withMemory(config.memory().profile())
                .withSafetyChecker(config.safetyChecker());
        try {
            OnnxRuntime.plan(options);
            return options;
        } catch (IllegalArgumentException absent) {
            throw new CommandFailure("--" + absent.getMessage(), absent);
        }
    }

    /** The model, which also draws larger than its own size; loaded, and the caller's to close. */
    static TextToImage load(CommandSpec command) {
        Path bundle = bundle(command);
        RuntimeOptions options = options(command);
        return new TwoPassPipeline(
                TextToImagePipeline.load(bundle, options),
                Upscalers.in(library(command).folder(), options),
                ModelBundle.open(bundle).vaeEncoderModel().isPresent());
    }
}
