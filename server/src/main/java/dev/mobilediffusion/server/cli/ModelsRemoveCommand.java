package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.install.HubClient;
import dev.mobilediffusion.server.install.InstallException;
import dev.mobilediffusion.server.install.ModelInstaller;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code models remove}: deletes a model's files. */
@Command(
        name = "remove",
        modelTransformer = SettingFlags.OfModels.class,
        description = "Deletes a model's files. A server that draws with it finishes its picture.")
final class ModelsRemoveCommand implements Runnable {

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
