package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.Main;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.StartupException;
import dev.mobilediffusion.server.settings.Settings;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code serve}: the server, until it is told to stop. A flag wins over the environment's variable of its name, and that
 * over the file of {@code --config}.
 */
@Command(
        name = "serve",
        modelTransformer = SettingFlags.OfServing.class,
        description = "Serves pictures to this machine, or with --lan to every device nearby.",
        footer = {
            "",
            "Every setting also has a variable, such as MOBILEDIFFUSION_QUEUE_CAPACITY=16, and can stand in a file.",
            "",
            "Example: mobilediffusion serve --lan --port 8080"
        })
final class ServeCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(names = "--no-metadata", description = "The same as --picture-metadata=false.")
    private boolean noMetadata;

    @Option(names = "--settings", description = "Print every setting and what it means, and end.")
    private boolean settings;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (settings) {
            Settings.ALL.forEach(setting -> out.printf(Locale.ROOT, "%-20s %s%n", setting.key(), setting.help()));
            return;
        }
        try {
            Main.serve(config(), out);
        } catch (StartupException failure) {
            throw new CommandFailure(failure.getMessage(), failure);
        }
    }

    private ServerConfig config() {
        ServerConfig config = SettingFlags.config(spec, noMetadata ? Map.of("picture-metadata", "false") : Map.of());
        ModelChoice.library(spec, config); // refuses a folder that does not exist, as the other commands do
        return config;
    }
}
