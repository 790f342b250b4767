package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.adapter.LoraSummary;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code loras}: which LoRAs there are, what one changes and in which models, and how they come and go. */
@Command(
        name = "loras",
        description = "Tells which LoRAs there are and what they fit, puts them in and takes them out.",
        subcommands = {
            LorasCommand.ListLoras.class,
            LorasCommand.Show.class,
            LorasAddCommand.class,
            LorasCommand.Remove.class
        })
final class LorasCommand extends CommandGroup {

    /** The LoRAs beside the models that a command's settings name. */
    static LoraLibrary library(CommandSpec command) {
        return LoraLibrary.in(ModelChoice.library(command).folder());
    }

    private static Path require(CommandSpec command, String name) {
        LoraLibrary loras = library(command);
        if (!loras.names().contains(name)) {
            throw new CommandFailure(
                    loras.names().isEmpty()
                            ? "there is no LoRA '%s' in %s, which has none".formatted(name, loras.folder())
                            : "there is no LoRA '%s' in %s, only %s"
                                    .formatted(name, loras.folder(), String.join(", ", loras.names())));
        }
        return loras.file(name);
    }

    /** {@code loras list}: a line per LoRA, or why it cannot be used. */
    @Command(
            name = "list",
            modelTransformer = SettingFlags.OfModels.class,
            description = "Lists the LoRAs: name, changed layers, rank.")
    static final class ListLoras implements Runnable {

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            LoraLibrary loras = library(spec);
            for (String name : loras.names()) {
                spec.commandLine().getOut().println(line(name, loras.file(name)));
            }
        }

        private static String line(String name, Path file) {
            try {
                LoraSummary lora = LoraSummary.of(file, name);
                return "%-20s unet %s, text_encoder %s layers, rank %s"
                        .formatted(name, lora.unetLayers(), lora.textEncoderLayers(), ranks(lora));
            } catch (InferenceException broken) {
                return "%-20s cannot be used: %s".formatted(name, broken.getMessage());
            }
        }
    }

    private static String ranks(LoraSummary lora) {
        return lora.smallestRank() == lora.largestRank()
                ? Integer.toString(lora.largestRank())
                : lora.smallestRank() + " to " + lora.largestRank();
    }

    /** {@code loras show}: what a LoRA changes, and a line per model on whether it fits. */
    @Command(
            name = "show",
            modelTransformer = SettingFlags.OfModels.class,
            description = "Tells what a LoRA changes, and which models it fits.")
    static final class Show implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Which LoRA.")
        private String name;

        @Override
        public void run() {
            Path file = require(spec, name);
            LoraSummary lora = LoraSummary.of(file, name);
            PrintWriter out = spec.commandLine().getOut();
            out.println("name         " + name);
            out.println("file         " + file);
            out.println("unet         %s layers".formatted(lora.unetLayers()));
            out.println("text_encoder %s layers".formatted(lora.textEncoderLayers()));
            out.println("rank         " + ranks(lora));
            ModelLibrary models = ModelChoice.library(spec);
            for (String model : models.names()) {
                out.println("%-12s %s".formatted("model", fit(models.model(model))));
            }
        }

        private String fit(Path model) {
            try {
                LoraSummary.requireFit(library(spec), name, ModelBundle.open(model));
                return model.getFileName() + ", which it fits";
            } catch (InferenceException unfit) {
                return model.getFileName() + ": " + unfit.getMessage();
            }
        }
    }

    /** {@code loras remove}: deletes a LoRA's file. */
    @Command(name = "remove", modelTransformer = SettingFlags.OfModels.class, description = "Deletes a LoRA's file.")
    static final class Remove implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Which LoRA.")
        private String name;

        @Override
        public void run() {
            Path file = require(spec, name);
            try {
                Files.delete(file);
            } catch (IOException e) {
                throw new CommandFailure("%s cannot be deleted: %s".formatted(file, e), e);
            }
            spec.commandLine().getErr().println("removed " + name);
        }
    }
}
