package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.queue.QueueLimits;
import java.nio.file.Path;
import java.util.OptionalDouble;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench serve}: what serving costs on top of drawing, under load and over time. */
@Command(
        name = "serve",
        description = "Starts a server of its own and measures overhead, fairness and memory.",
        footer = {"", "Every figure is printed beside its target; a missed target does not change the exit code."})
final class BenchServeCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = OptionValues.Steps.class,
            description = "Denoising steps of a picture. Default: ${DEFAULT-VALUE}, where serving weighs most.")
    private int steps = 1;

    @Option(
            names = "--guidance-scale",
            paramLabel = "X",
            converter = OptionValues.GuidanceScale.class,
            description = "How strongly the prompt pulls, 0 to 30; up to 1 a step runs the UNet once, above it twice."
                    + " Default: the model's own.")
    private Double guidanceScale;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            converter = OptionValues.Pictures.class,
            description = "Pictures under load, of all clients together. Default: ${DEFAULT-VALUE}.")
    private int pictures = 2000;

    @Option(
            names = "--clients",
            paramLabel = "N",
            converter = OptionValues.Clients.class,
            description = "Clients at once, 1 to " + OptionValues.MAX_CLIENTS + ". Default: ${DEFAULT-VALUE}.")
    private int clients = 64;

    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    @Mixin
    private ModelChoice model;

    @Override
    public void run() {
        Path bundle = model.bundle();
        int total = ServingBenchmark.total(clients, pictures);
        PictureSettings settings = new PictureSettings(
                steps, guidanceScale == null ? OptionalDouble.empty() : OptionalDouble.of(guidanceScale));
        int queueCapacity = Math.max(clients, QueueLimits.DEFAULT_JOBS);
        try (ServerProcess server = ServerProcess.start(bundle, queueCapacity);
                ProgressBar bar = new ProgressBar(spec.commandLine().getErr(), ProgressBar.isStderrTerminal(), "")) {
            ServingBenchmark benchmark =
                    ServingBenchmark.run(server, settings, clients, pictures, drawn -> bar.onPicture(drawn, total));
            bar.close();
            ServingReport report = new ServingReport(benchmark);
            spec.commandLine().getOut().print(json ? report.json() : report.table());
            spec.commandLine().getOut().flush();
        }
    }
}
