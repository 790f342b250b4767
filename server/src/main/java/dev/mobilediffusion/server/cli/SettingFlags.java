package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.settings.Setting;
import dev.mobilediffusion.server.settings.Settings;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Gives a command a flag for every setting that it has none for. */
final class SettingFlags implements IModelTransformer {

    /** The settings among the flags that were typed, as text. */
    static Map<String, String> given(CommandSpec command) {
        ParseResult result = command.commandLine().getParseResult();
        Map<String, String> given = new TreeMap<>();
        for (Setting setting : Settings.ALL) {
            if (result.hasMatchedOption(setting.flag())
                    && result.matchedOption(setting.flag()).getValue() instanceof String value) {
                given.put(setting.key(), value);
            }
        }
        return given;
    }

    @Override
    public CommandSpec transform(CommandSpec command) {
        for (Setting setting : Settings.ALL) {
            if (command.findOption(setting.flag()) == null) {
                command.addOption(builder(setting).build());
            }
        }
        return command;
    }

    /** The flag of {@code setting}, with its variable's value where it is not typed. */
    static OptionSpec orVariable(Setting setting) {
        return builder(setting)
                .defaultValue("${env:" + setting.variable() + "}")
                .build();
    }

    /** What the flags of {@code keys} hold, typed or not. */
    static Map<String, String> values(CommandSpec command, List<String> keys) {
        Map<String, String> values = new TreeMap<>();
        for (String key : keys) {
            if (command.findOption("--" + key).getValue() instanceof String value) {
                values.put(key, value);
            }
        }
        return values;
    }

    private static OptionSpec.Builder builder(Setting setting) {
        OptionSpec.Builder option =
                OptionSpec.builder(setting.flag()).type(String.class).description(setting.help());
        return setting.kind() == Setting.Kind.FLAG
                ? option.arity("0..1").fallbackValue("true").paramLabel("BOOL")
                : option.arity("1").paramLabel(setting.kind().label());
    }
}
