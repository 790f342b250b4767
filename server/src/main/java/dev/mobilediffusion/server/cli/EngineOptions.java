package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.machine.Machine;
import picocli.CommandLine.Model.CommandSpec;

/** How a command's settings have a model run: memory, execution provider, kernels, threads. */
final class EngineOptions {

    private EngineOptions() {}

    /** Optimized graphs are kept in the data folder, where things of one's own are. */
    static RuntimeOptions options(CommandSpec command) {
        ServerConfig config = SettingFlags.config(command);
        RuntimeOptions options = config.device()
                .options(Machine.here(), config.data())
                .withMemory(config.memory().profile());
        try {
            OnnxRuntime.plan(options);
            return options;
        } catch (IllegalArgumentException absent) {
            throw new CommandFailure("--" + absent.getMessage(), absent);
        }
    }
}
