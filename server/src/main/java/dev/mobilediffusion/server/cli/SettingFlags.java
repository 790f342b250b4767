package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.ConfigKeys;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.settings.Setting;
import dev.mobilediffusion.server.settings.SettingValues;
import dev.mobilediffusion.server.settings.Settings;
import dev.mobilediffusion.server.settings.SettingsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Gives a command {@code --config} and a flag for each setting that it follows, and tells what they are set to: a flag
 * wins over the environment's variable of its name, and that over the file.
 */
abstract class SettingFlags implements IModelTransformer {

    private static final String CONFIG = "--config";

    private final List<String> keys;

    SettingFlags(List<String> keys) {
        this.keys = keys;
    }

    /** Of {@code serve}: all there are. */
    static final class OfServing extends SettingFlags {
        OfServing() {
            super(Settings.ALL.stream().map(Setting::key).toList());
        }
    }

    /** Of commands that load a model and draw: which one, and how it is run. */
    static final class OfDrawing extends SettingFlags {
        OfDrawing() {
            super(List.of(
                    "models", "model", "data", "memory", "ep", "ep-library", "kernels", "threads", "safety-checker"));
        }
    }

    /** Of commands that leave it to another process how a model is run. */
    static final class OfModel extends SettingFlags {
        OfModel() {
            super(List.of("models", "model"));
        }
    }

    /** Of commands that look at models. */
    static final class OfModels extends SettingFlags {
        OfModels() {
            super(List.of("models"));
        }
    }

    /** Of commands that teach a model things of one's own. */
    static final class OfConcepts extends SettingFlags {
        OfConcepts() {
            super(List.of("models", "model", "data"));
        }
    }

    /** Of commands that look at keys. */
    static final class OfKeys extends SettingFlags {
        OfKeys() {
            super(List.of("data"));
        }
    }

    /** Of commands that look at all that the server keeps. */
    static final class OfFolders extends SettingFlags {
        OfFolders() {
            super(List.of("data", "models"));
        }
    }

    /** Of commands that reach a fleet. */
    static final class OfFleet extends SettingFlags {
        OfFleet() {
            super(List.of("queue", "queue-credentials", "data"));
        }
    }

    @Override
    public CommandSpec transform(CommandSpec command) {
        Settings.ALL.stream()
                .filter(setting -> keys.contains(setting.key()))
                .map(SettingFlags::option)
                .forEach(command::addOption);
        return command.addOption(OptionSpec.builder(CONFIG)
                .type(Path.class)
                .paramLabel("FILE")
                .defaultValue("${env:MOBILEDIFFUSION_CONFIG}")
                .description("Settings in a file, one a line: queue-capacity = 16. Those that this command does not"
                        + " follow are left alone. Default: MOBILEDIFFUSION_CONFIG, else none.")
                .build());
    }

    /** What {@code command} follows. */
    static ServerConfig config(CommandSpec command) {
        return config(command, Map.of());
    }

    /**
     * What {@code command} follows; the rest has its defaults.
     *
     * @param more settings that were given by flags of other names
     */
    static ServerConfig config(CommandSpec command, Map<String, String> more) {
        ServerConfig config = ServerConfig.defaults(home());
        if (command.findOption(CONFIG).getValue() instanceof Path name) {
            SettingsFile file = refusing(command, wrong -> wrong, () -> SettingsFile.read(name));
            config = over(command, config, followed(command, file.values()), file::located);
        }
        Map<String, String> variables = followed(command, SettingValues.ofEnvironment(System.getenv()));
        config = over(command, config, variables, wrong -> "a MOBILEDIFFUSION_ variable is wrong: " + wrong);
        Map<String, String> typed = typed(command);
        typed.putAll(more);
        return over(command, config, typed, wrong -> "--" + wrong);
    }

    /** Where the program lies: the launcher says so; without it, the working directory. */
    static Path home() {
        return Path.of(System.getProperty("mobilediffusion.home", "")).toAbsolutePath();
    }

    private static ServerConfig over(
            CommandSpec command, ServerConfig base, Map<String, String> values, UnaryOperator<String> sentence) {
        return refusing(command, sentence, () -> ConfigKeys.apply(base, values));
    }

    private static <T> T refusing(CommandSpec command, UnaryOperator<String> sentence, Supplier<T> reading) {
        try {
            return reading.get();
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(command.commandLine(), sentence.apply(wrong.getMessage()), wrong);
        }
    }

    /** Without what other commands follow. Of a command that follows all, unknown ones stay too, to be refused. */
    private static Map<String, String> followed(CommandSpec command, Map<String, String> values) {
        if (Settings.ALL.stream().allMatch(setting -> command.findOption(setting.flag()) != null)) {
            return values;
        }
        Map<String, String> followed = new TreeMap<>(values);
        followed.keySet().removeIf(key -> command.findOption("--" + key) == null);
        return followed;
    }

    private static Map<String, String> typed(CommandSpec command) {
        ParseResult result = command.commandLine().getParseResult();
        Map<String, String> typed = new TreeMap<>();
        for (Setting setting : Settings.ALL) {
            if (result.hasMatchedOption(setting.flag())
                    && result.matchedOption(setting.flag()).getValue() instanceof String value) {
                typed.put(setting.key(), value);
            }
        }
        return typed;
    }

    private static OptionSpec option(Setting setting) {
        OptionSpec.Builder option =
                OptionSpec.builder(setting.flag()).type(String.class).description(setting.help());
        return setting.kind() == Setting.Kind.FLAG
                ? option.arity("0..1").fallbackValue("true").paramLabel("BOOL").build()
                : option.arity("1").paramLabel(setting.kind().label()).build();
    }
}
