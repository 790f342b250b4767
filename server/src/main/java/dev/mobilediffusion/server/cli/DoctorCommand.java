package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.ModelLibrary;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.store.StoreReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code doctor}: looks through the data folder and the models for damage, and changes nothing. */
@Command(
        name = "doctor",
        modelTransformer = SettingFlags.OfFolders.class,
        description =
                "Looks for damage in the data folder and the models, and changes nothing. Ends with 1 when it finds"
                        + " some.")
final class DoctorCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    private int faults;

    @Override
    public void run() {
        ServerConfig config = SettingFlags.config(spec);
        StoreReport report = StoreReport.of(config.data());
        report.facts().forEach(this::fact);
        report.faults().forEach(this::fault);
        ModelLibrary library = ModelChoice.library(spec, config);
        for (String name : library.names()) {
            examine(library.model(name));
        }
        leftovers(library.folder())
                .forEach(each -> fact(
                        "%s: a download that broke off; the same 'models add' goes on with it, 'models remove' removes it"
                                .formatted(each)));
        if (faults > 0) {
            throw new CommandFailure(faults == 1 ? "found 1 fault" : "found %s faults".formatted(faults));
        }
    }

    private void examine(Path model) {
        try {
            ModelBundle bundle = ModelBundle.open(model);
            bundle.verify();
            bundle.networks();
            fact("%s: model, %sx%s".formatted(model, bundle.width(), bundle.height()));
        } catch (InferenceException broken) {
            fault("%s: %s".formatted(model, broken.getMessage()));
        }
    }

    private static List<Path> leftovers(Path models) {
        if (!Files.isDirectory(models)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(models)) {
            return all.filter(each -> each.getFileName().toString().startsWith(".adding-") && Files.isDirectory(each))
                    .toList();
        } catch (IOException e) {
            throw new CommandFailure("%s cannot be read: %s".formatted(models, e), e);
        }
    }

    private void fact(String sentence) {
        print("ok     ", sentence);
    }

    private void fault(String sentence) {
        faults++;
        print("fault  ", sentence);
    }

    private void print(String mark, String sentence) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(mark + sentence);
    }
}
