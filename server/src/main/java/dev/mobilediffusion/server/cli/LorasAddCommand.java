package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.adapter.LoraLibrary;
import dev.mobilediffusion.runtime.adapter.LoraSummary;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code loras add}: puts a LoRA in, whole or not at all, where it fits a model that is there, and prints its name. */
@Command(
        name = "add",
        modelTransformer = SettingFlags.OfModels.class,
        description = "Copies a LoRA's .safetensors file beside the models, if it fits one of them.",
        footer = {"", "A running server can draw with the new LoRA at once."})
final class LorasAddCommand implements Runnable {

    private static final String ENDING = ".safetensors";
    /** What a prompt can name: {@code <lora:NAME:0.8>}. */
    private static final Pattern NAME = Pattern.compile("[^<>:/\\\\\\p{Cntrl}.][^<>:/\\\\\\p{Cntrl}]{0,99}");

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "A .safetensors file, in kohya's or PEFT's names.")
    private Path file;

    @Option(names = "--name", paramLabel = "NAME", description = "What to call it. Default: as its file is called.")
    private Optional<String> name = Optional.empty();

    @Override
    public void run() {
        String called = name.orElseGet(this::nameOfFile);
        if (!NAME.matcher(called).matches()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "a name must have 1 to 100 characters without <, >, :, / and \\, and begin with no dot, got '%s'"
                            .formatted(called));
        }
        ModelLibrary models = ModelChoice.library(spec);
        Path target = LoraLibrary.in(models.folder()).file(called);
        if (Files.exists(target)) {
            throw new CommandFailure("there is a LoRA '%s' already; remove it first".formatted(called));
        }
        try {
            put(target, called, models);
        } catch (InferenceException unfit) {
            throw new CommandFailure(unfit.getMessage(), unfit);
        } catch (IOException e) {
            throw new CommandFailure("%s cannot be copied to %s: %s".formatted(file, target, e), e);
        }
        spec.commandLine().getOut().println(called);
    }

    private String nameOfFile() {
        String text = String.valueOf(file.getFileName());
        if (!Files.isRegularFile(file) || !text.endsWith(ENDING)) {
            throw new ParameterException(
                    spec.commandLine(), "the file must be there and end in %s, got %s".formatted(ENDING, file));
        }
        return text.substring(0, text.length() - ENDING.length());
    }

    /** In a hidden folder first, where no server sees it. */
    private void put(Path target, String called, ModelLibrary models) throws IOException {
        Files.createDirectories(target.getParent());
        Path staging = Files.createTempDirectory(target.getParent(), ".adding-");
        LoraLibrary staged = new LoraLibrary(staging);
        try {
            Files.copy(file, staged.file(called));
            LoraSummary.of(staged.file(called), called);
            String model = fitting(staged, called, models);
            Files.move(staged.file(called), target, StandardCopyOption.ATOMIC_MOVE);
            spec.commandLine().getErr().println("%s fits %s".formatted(called, model));
        } finally {
            Files.deleteIfExists(staged.file(called));
            Files.delete(staging);
        }
    }

    /** The first model that it fits, beginning with the one that draws when none is named. */
    private static String fitting(LoraLibrary staged, String called, ModelLibrary models) {
        String first = models.choose(Optional.empty());
        List<String> names = new ArrayList<>(models.names());
        names.remove(first);
        names.addFirst(first);
        List<InferenceException> reasons = new ArrayList<>();
        for (String model : names) {
            try {
                LoraSummary.requireFit(staged, called, ModelBundle.open(models.model(model)));
                return model;
            } catch (InferenceException unfit) {
                reasons.add(unfit);
            }
        }
        throw reasons.getFirst();
    }
}
