package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.ConfigKeys;
import dev.mobilediffusion.server.Main;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.StartupException;
import dev.mobilediffusion.server.settings.SettingValues;
import dev.mobilediffusion.server.settings.Settings;
import dev.mobilediffusion.server.settings.SettingsFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code serve}: the server, until it is told to stop. A flag wins over the environment's variable of its name, and that
 * over the file of {@code --config}.
 */
@Command(
        name = "serve",
        modelTransformer = SettingFlags.class,
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

    @Mixin
    private ModelChoice model;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = "${env:MOBILEDIFFUSION_CONFIG}",
            description =
                    "Settings in a file, one a line: queue-capacity = 16. Default: MOBILEDIFFUSION_CONFIG, else none.")
    private Path file;

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
        Map<String, String> flags = new TreeMap<>(SettingFlags.given(spec));
        put(flags, "models", model.library().folder());
        put(flags, "model", model.name().orElse(null));
        put(flags, "picture-metadata", noMetadata ? false : null);
        ServerConfig config = ServerConfig.defaults(Path.of(""));
        if (file != null) {
            config = applied(config, fileSettings(), file + ": ");
        }
        Map<String, String> variables = SettingValues.ofEnvironment(System.getenv());
        return applied(applied(config, variables, "a MOBILEDIFFUSION_ variable is wrong: "), flags, "--");
    }

    private Map<String, String> fileSettings() {
        try {
            return SettingsFile.read(file);
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(spec.commandLine(), wrong.getMessage(), wrong);
        }
    }

    private ServerConfig applied(ServerConfig base, Map<String, String> values, String prefix) {
        try {
            return ConfigKeys.apply(base, values);
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(spec.commandLine(), prefix + wrong.getMessage(), wrong);
        }
    }

    private static void put(Map<String, String> values, String key, Object given) {
        if (given != null) {
            values.put(key, given.toString());
        }
    }
}
