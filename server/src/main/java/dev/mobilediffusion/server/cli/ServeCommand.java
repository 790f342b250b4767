package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.ConfigKeys;
import dev.mobilediffusion.server.Main;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.StartupException;
import dev.mobilediffusion.server.settings.Settings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code serve}: the server, until it is told to stop. A flag wins over the environment's variable of its name. */
@Command(
        name = "serve",
        resourceBundle = "dev.mobilediffusion.server.settings.SettingTexts",
        description = "Serves pictures to this machine, or with --lan to every device nearby.",
        footer = {
            "",
            "Every setting also has a variable, such as MOBILEDIFFUSION_QUEUE_CAPACITY=16; --settings lists them.",
            "",
            "Example: mobilediffusion serve --lan --port 8080"
        })
final class ServeCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(names = "--port", paramLabel = "N", converter = OptionValues.Port.class)
    private Integer port;

    @Option(names = "--grpc-port", paramLabel = "N", converter = OptionValues.Port.class)
    private Integer grpcPort;

    @ArgGroup
    private Address address;

    @Option(names = "--data", paramLabel = "DIR")
    private Path data;

    @Mixin
    private ModelChoice model;

    @Option(names = "--queue-capacity", paramLabel = "N", converter = OptionValues.QueueCapacity.class)
    private Integer queueCapacity;

    @Option(names = "--insecure")
    private boolean insecure;

    @Option(names = "--public-url", paramLabel = "URL")
    private String publicUrl;

    @Option(names = "--tls")
    private boolean tls;

    @Option(names = "--tls-certificate", paramLabel = "FILE")
    private Path certificate;

    @Option(names = "--tls-key", paramLabel = "FILE")
    private Path certificateKey;

    @Option(names = "--open-ready")
    private boolean openReady;

    @Option(names = "--open-metrics")
    private boolean openMetrics;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--log-prompts")
    private boolean logPrompts;

    @Option(names = "--no-metadata", description = "Keep prompt and settings out of the picture files.")
    private boolean noMetadata;

    @Option(names = "--settings", description = "Print every setting and what it means, and end.")
    private boolean settings;

    /** Who can reach the server: one way or the other to say it. */
    private static final class Address {

        @Option(names = "--host", paramLabel = "H")
        private String host;

        @Option(names = "--lan")
        private boolean lan;
    }

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
        Map<String, String> flags = new TreeMap<>();
        put(flags, "port", port);
        put(flags, "grpc-port", grpcPort);
        put(flags, "host", address == null ? null : address.host);
        put(flags, "lan", (address != null && address.lan) ? true : null);
        put(flags, "insecure", insecure ? true : null);
        put(flags, "public-url", publicUrl);
        put(flags, "tls", tls ? true : null);
        put(flags, "tls-certificate", certificate);
        put(flags, "tls-key", certificateKey);
        put(flags, "open-ready", openReady ? true : null);
        put(flags, "open-metrics", openMetrics ? true : null);
        put(flags, "data", data);
        put(flags, "models", model.library().folder());
        put(flags, "model", model.name().orElse(null));
        put(flags, "queue-capacity", queueCapacity);
        flags.putAll(engine.settings());
        put(flags, "log-prompts", logPrompts ? true : null);
        put(flags, "picture-metadata", noMetadata ? false : null);
        ServerConfig defaults = ServerConfig.defaults(Path.of(""));
        Map<String, String> variables = ConfigKeys.ofEnvironment(System.getenv());
        return applied(applied(defaults, variables, "a MOBILEDIFFUSION_ variable is wrong: "), flags, "--");
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
