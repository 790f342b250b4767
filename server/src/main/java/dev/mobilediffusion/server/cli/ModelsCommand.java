package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.runtime.measure.ModelCost;
import dev.mobilediffusion.server.install.HubClient;
import dev.mobilediffusion.server.install.InstallException;
import dev.mobilediffusion.server.install.ModelInstaller;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code models}: what models there are, what one is, and whether its files are what its maker made. */
@Command(
        name = "models",
        description = "Tells which models there are, checks their files, installs and removes them.",
        subcommands = {
            ModelsCommand.ListModels.class,
            ModelsCommand.Show.class,
            ModelsCommand.Verify.class,
            ModelsAddCommand.class,
            ModelsCommand.Remove.class
        })
final class ModelsCommand extends CommandGroup {

    /** {@code models list}: a line per model, or why it cannot be used. */
    @Command(
            name = "list",
            modelTransformer = SettingFlags.OfModels.class,
            description = "Lists the models: name, picture size, licence.")
    static final class ListModels implements Runnable {

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            PrintWriter out = spec.commandLine().getOut();
            ModelLibrary library = ModelChoice.library(spec);
            for (String name : library.names()) {
                out.println(line(library.model(name)));
            }
        }

        private static String line(Path folder) {
            try {
                ModelBundle bundle = ModelBundle.open(folder);
                String licence =
                        bundle.manifest().map(manifest -> manifest.licence()).orElse("");
                return "%-20s %sx%s  %s"
                        .formatted(bundle.name(), bundle.width(), bundle.height(), licence)
                        .strip();
            } catch (InferenceException broken) {
                return "%-20s cannot be used: %s".formatted(folder.getFileName(), broken.getMessage());
            }
        }
    }

    /** {@code models show}: everything that is known about one model; its networks run only to be counted. */
    @Command(name = "show", modelTransformer = SettingFlags.OfModels.class, description = "Tells what a model is.")
    static final class Show implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Which model.")
        private String name;

        @Option(names = "--count", description = "Also count the multiplications of each network, by running it once.")
        private boolean count;

        @Override
        public void run() {
            ModelLibrary library = ModelChoice.library(spec);
            ModelBundle bundle = ModelBundle.open(library.model(library.choose(Optional.of(name))));
            // Without weights repacked for speed, since each network runs once
            RuntimeOptions frugal = RuntimeOptions.defaults().withMemory(RuntimeOptions.MemoryProfile.SMALL);
            Optional<ModelCost> cost = count ? Optional.of(ModelCost.count(bundle, frugal)) : Optional.empty();
            spec.commandLine().getOut().print(ModelDescription.of(bundle, cost));
            spec.commandLine().getOut().flush();
        }
    }

    /** {@code models verify}: compares every file with its sha256. */
    @Command(
            name = "verify",
            modelTransformer = SettingFlags.OfModels.class,
            description = "Compares every file of a model with the hashes in its bundle.json; all models without NAME.")
    static final class Verify implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(arity = "0..1", paramLabel = "NAME", description = "Which model. Default: all.")
        private Optional<String> name = Optional.empty();

        @Override
        public void run() {
            ModelLibrary library = ModelChoice.library(spec);
            String first = library.choose(name);
            List<String> names = name.isPresent() ? List.of(first) : library.names();
            int broken = 0;
            for (String each : names) {
                broken += isSound(library.model(each)) ? 0 : 1;
            }
            if (broken > 0) {
                throw new CommandFailure("%s of %s models cannot be trusted".formatted(broken, names.size()));
            }
        }

        private boolean isSound(Path folder) {
            PrintWriter out = spec.commandLine().getOut();
            try {
                ModelBundle bundle = ModelBundle.open(folder);
                bundle.verify();
                out.println(bundle.manifest()
                        .map(manifest -> "%s: %s files are as their maker made them"
                                .formatted(bundle.name(), manifest.files().size()))
                        .orElse("%s: has no bundle.json to compare its files with".formatted(bundle.name())));
                return true;
            } catch (InferenceException altered) {
                out.println("%s: %s".formatted(folder.getFileName(), altered.getMessage()));
                return false;
            }
        }
    }

    /** {@code models remove}: deletes a model's files. */
    @Command(
            name = "remove",
            modelTransformer = SettingFlags.OfModels.class,
            description = "Deletes a model's files. A server that draws with it finishes its picture.")
    static final class Remove implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Which model.")
        private String name;

        @Override
        public void run() {
            try {
                new ModelInstaller(ModelChoice.library(spec), HubClient.ofEnvironment(System.getenv()), model -> {})
                        .remove(name);
            } catch (InstallException refusal) {
                throw new CommandFailure(refusal.getMessage(), refusal);
            }
            spec.commandLine().getErr().println("removed " + name);
        }
    }
}
