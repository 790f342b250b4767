package dev.mobilediffusion.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.server.benchmark.Benchmark;
import dev.mobilediffusion.server.benchmark.BenchmarkReport;
import dev.mobilediffusion.server.benchmark.EditBenchmark;
import dev.mobilediffusion.server.benchmark.Speed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench}: how fast a model draws on this machine, stage by stage. */
@Command(
        name = "bench",
        modelTransformer = SettingFlags.OfDrawing.class,
        description = "Measures how fast a model draws here, stage by stage, without a server.",
        footer = {"", "The first picture after loading is not part of the figures, and told apart."})
final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--runs",
            paramLabel = "N",
            converter = OptionValues.Runs.class,
            description = "How many pictures to draw, 1 to " + OptionValues.MAX_RUNS + ". Default: ${DEFAULT-VALUE}.")
    private int runs = 5;

    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    @Option(
            names = "--compare",
            paramLabel = "FILE",
            description = "What an earlier run printed with --json, to be set beside this one.")
    private Path compare;

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description =
                    "Measures in turns how long pictures from words take, and this one drawn anew, whole and in its"
                            + " middle.")
    private Path image;

    @Override
    public void run() {
        if (image != null) {
            measureEdits();
            return;
        }
        Optional<JsonNode> earlier = Optional.ofNullable(compare).map(this::read);
        RuntimeOptions options = ModelChoice.options(spec);
        boolean visible = ProgressBar.isStderrTerminal();
        Path bundle = ModelChoice.bundle(spec);
        Benchmark benchmark = Benchmark.run(
                bundle,
                options,
                runs,
                run -> new ProgressBar(spec.commandLine().getErr(), visible, "%s/%s ".formatted(run, runs)));
        Speed speed = Speed.of(benchmark, ModelBundle.open(bundle), options);
        BenchmarkReport report = new BenchmarkReport(benchmark, speed, earlier);
        spec.commandLine().getOut().print(json ? report.json() : report.table());
        spec.commandLine().getOut().flush();
    }

    private void measureEdits() {
        if (json || compare != null) {
            throw new ParameterException(spec.commandLine(), "--image goes without --json and --compare");
        }
        byte[] file;
        try {
            file = Files.readAllBytes(image);
            ImageFileReader.read(file, "--image");
        } catch (IOException unreadable) {
            throw new ParameterException(
                    spec.commandLine(), "--image cannot read %s: %s".formatted(image, unreadable), unreadable);
        } catch (InferenceException refused) {
            throw new ParameterException(spec.commandLine(), refused.getMessage(), refused);
        }
        spec.commandLine()
                .getOut()
                .print(EditBenchmark.run(ModelChoice.bundle(spec), ModelChoice.options(spec), runs, file)
                        .table());
        spec.commandLine().getOut().flush();
    }

    private JsonNode read(Path file) {
        try {
            JsonNode json = new ObjectMapper().readTree(file.toFile());
            if (json.path("total").has("median_ms")) {
                return json;
            }
        } catch (IOException unreadable) {
            throw new ParameterException(
                    spec.commandLine(), "--compare cannot read %s: %s".formatted(file, unreadable), unreadable);
        }
        throw new ParameterException(
                spec.commandLine(), "--compare must name what bench --json printed, got %s".formatted(file));
    }
}
