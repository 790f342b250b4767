package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.server.ConfigKeys;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.UserFolders;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.settings.Settings;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** How a model is run: memory, execution provider, threads; flags for the commands that load one. */
final class EngineOptions implements IModelTransformer {

    private static final List<String> KEYS = List.of("memory", "ep", "ep-library", "kernels", "threads");

    @Override
    public CommandSpec transform(CommandSpec command) {
        Settings.ALL.stream()
                .filter(setting -> KEYS.contains(setting.key()))
                .map(SettingFlags::orVariable)
                .forEach(command::addOption);
        return command;
    }

    /** With what the flags say, else the variables; optimized graphs are kept in the user's data folder. */
    static RuntimeOptions options(CommandSpec command) {
        Path data = UserFolders.data(System.getenv(), Path.of(System.getProperty("user.home")));
        ServerConfig config;
        try {
            config = ConfigKeys.apply(ServerConfig.defaults(Path.of("")), SettingFlags.values(command, KEYS));
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(command.commandLine(), "--" + wrong.getMessage(), wrong);
        }
        RuntimeOptions options = config.device()
                .options(Machine.here(), data)
                .withMemory(config.memory().profile());
        try {
            OnnxRuntime.plan(options);
            return options;
        } catch (IllegalArgumentException absent) {
            throw new CommandFailure("--" + absent.getMessage(), absent);
        }
    }
}
