package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.server.ConfigKeys;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.UserFolders;
import dev.mobilediffusion.server.machine.Machine;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** How a model is run: memory, execution provider, threads; for the commands that load one. */
final class EngineOptions {

    @Option(
            names = "--memory",
            paramLabel = "PROFILE",
            converter = Converter.class,
            defaultValue = "${env:MOBILEDIFFUSION_MEMORY}",
            description = "speed, or small: weights as they lie in the file, working memory given back."
                    + " Default: MOBILEDIFFUSION_MEMORY, else speed.")
    private MemoryProfile profile;

    @Option(
            names = "--ep",
            paramLabel = "NAME",
            defaultValue = "${env:MOBILEDIFFUSION_EP}",
            description = "What computes: auto, cpu, xnnpack, acl, dnnl, nnapi, qnn, webgpu, coreml, openvino or cuda,"
                    + " where ONNX Runtime has it. Default: auto.")
    private String provider;

    @Option(
            names = "--ep-library",
            paramLabel = "FILE",
            defaultValue = "${env:MOBILEDIFFUSION_EP_LIBRARY}",
            description = "A library with an execution provider that ONNX Runtime loads as a plug-in.")
    private Path providerLibrary;

    @Option(
            names = "--kernels",
            paramLabel = "LIST",
            defaultValue = "${env:MOBILEDIFFUSION_KERNELS}",
            description = "Changes to the processor's kernels: bf16, lut-gemm, no-kleidiai; with commas.")
    private String kernels;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "${env:MOBILEDIFFUSION_THREADS}",
            description = "Threads that compute. Default: as many as the processor is worth.")
    private String threads;

    /** The settings among the flags, and those of the variables that stand for them. */
    Map<String, String> settings() {
        Map<String, String> given = new TreeMap<>();
        put(given, "memory", given());
        put(given, "ep", provider);
        put(given, "ep-library", providerLibrary);
        put(given, "kernels", kernels);
        put(given, "threads", threads);
        return given;
    }

    private static void put(Map<String, String> settings, String key, Object value) {
        if (value != null) {
            settings.put(key, value.toString());
        }
    }

    /** As given; null when it was not. */
    private String given() {
        return profile == null ? null : profile.name().toLowerCase(Locale.ROOT);
    }

    /** With what the flags say, else the variables; optimized graphs are kept in the user's data folder. */
    RuntimeOptions options(CommandSpec command) {
        Path data = UserFolders.data(System.getenv(), Path.of(System.getProperty("user.home")));
        ServerConfig config;
        try {
            config = ConfigKeys.apply(ServerConfig.defaults(Path.of("")), settings());
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

    static final class Converter implements ITypeConverter<MemoryProfile> {
        @Override
        public MemoryProfile convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "speed" -> MemoryProfile.SPEED;
                case "small" -> MemoryProfile.SMALL;
                default -> throw new TypeConversionException("must be speed or small, got '%s'".formatted(text));
            };
        }
    }
}
