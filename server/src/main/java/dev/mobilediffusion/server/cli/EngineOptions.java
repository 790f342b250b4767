package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.UserFolders;
import dev.mobilediffusion.server.machine.Machine;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;

/** How a command's settings have a model run: memory, execution provider, kernels, threads. */
final class EngineOptions {

    private EngineOptions() {}

    /** Optimized graphs are kept in the user's data folder. */
    static RuntimeOptions options(CommandSpec command) {
        Path data = UserFolders.data(System.getenv(), Path.of(System.getProperty("user.home")));
        ServerConfig config = SettingFlags.config(command);
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
