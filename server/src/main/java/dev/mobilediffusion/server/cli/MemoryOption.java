package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.server.UserFolders;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.Processors;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What to spend memory on: {@code --memory}, for the commands that load a model. */
final class MemoryOption {

    @Option(
            names = "--memory",
            paramLabel = "PROFILE",
            converter = Converter.class,
            defaultValue = "${env:MOBILEDIFFUSION_MEMORY}",
            description = "speed, or small: weights as they lie in the file, working memory given back."
                    + " Default: MOBILEDIFFUSION_MEMORY, else speed.")
    private MemoryProfile profile;

    /** As given; null when it was not. */
    String given() {
        return profile == null ? null : profile.name().toLowerCase(Locale.ROOT);
    }

    /** With the profile of the flag, else of the variable; optimized graphs are kept in the user's data folder. */
    RuntimeOptions options() {
        Path data = UserFolders.data(System.getenv(), Path.of(System.getProperty("user.home")));
        Processors processors = Machine.here().processors();
        RuntimeOptions options = RuntimeOptions.defaults()
                .withThreads(processors.threads(Runtime.getRuntime().availableProcessors()))
                .withGraphs(new GraphFolder(UserFolders.graphs(data), processors.identity()));
        return profile == null ? options : options.withMemory(profile);
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
