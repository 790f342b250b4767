package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import dev.mobilediffusion.server.install.HubClient;
import dev.mobilediffusion.server.install.InstallException;
import dev.mobilediffusion.server.install.ModelInstaller;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code models add}: installs a model, whole or not at all, and prints its name. */
@Command(
        name = "add",
        modelTransformer = SettingFlags.OfModels.class,
        description = "Installs a model: a folder, a zip, or owner/name on a hub (HF_ENDPOINT says which).",
        footer = {
            "",
            "A download that breaks off goes on where it was when the same command runs again.",
            "A running server can draw with the new model at once."
        })
final class ModelsAddCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SOURCE", description = "DIR, FILE.zip, or owner/name with or without @REVISION.")
    private String source;

    @Option(names = "--name", paramLabel = "NAME", description = "What to call it. Default: as it is called there.")
    private Optional<String> name = Optional.empty();

    @Override
    public void run() {
        String installed;
        try (ProgressBar bar = new ProgressBar(spec.commandLine().getErr(), ProgressBar.isStderrTerminal(), "")) {
            HubClient hub = HubClient.ofEnvironment(System.getenv());
            installed = new ModelInstaller(ModelChoice.libraryToFill(spec), hub, ModelsAddCommand::open)
                    .add(source, name, bar::onBytes);
        } catch (InstallException refusal) {
            throw new CommandFailure(refusal.getMessage(), refusal);
        }
        spec.commandLine().getOut().println(installed);
    }

    /** One network after the other, so that a model which runs at all on this machine can be opened. */
    private static void open(Path model) {
        TextToImagePipeline.load(
                        model,
                        RuntimeOptions.defaults()
                                .withMemory(RuntimeOptions.MemoryProfile.SMALL)
                                .withVerifyHashes(false))
                .close();
    }
}
