package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.queue.QueueLimits;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.OptionalDouble;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What serving costs on top of drawing, under load and over time: {@code server/bench-serve} runs it. No part of the shipped
 * program, whose classes and settings it measures from outside.
 */
@Command(
        modelTransformer = SettingFlags.OfModel.class,
        name = "bench-serve",
        mixinStandardHelpOptions = true,
        description = "Starts a server of its own and measures overhead, fairness and memory.",
        footer = {"", "Every figure is printed beside its target; a missed target does not change the exit code."})
final class ServingBench implements Runnable {

    private static final int MAX_IMAGES = 1_000_000;
    /** Half of {@code max-connections}' default would do; each client holds one. */
    private static final int MAX_CLIENTS = 200;

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
            converter = Images.class,
            description = "Pictures under load, of all clients together. Default: ${DEFAULT-VALUE}.")
    private int images = 2000;

    @Option(
            names = "--clients",
            paramLabel = "N",
            converter = Clients.class,
            description = "Clients at once, 1 to " + MAX_CLIENTS + ". Default: ${DEFAULT-VALUE}.")
    private int clients = 64;

    @Option(names = "--json", description = "Print JSON, for programs.")
    private boolean json;

    static final class Images implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) OptionValues.whole(text, 1, MAX_IMAGES);
        }
    }

    static final class Clients implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) OptionValues.whole(text, 1, MAX_CLIENTS);
        }
    }

    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        System.exit(run(out, err, args));
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        return MobileDiffusion.execute(new CommandLine(new ServingBench()), out, err, args);
    }

    @Override
    public void run() {
        Path bundle = ModelChoice.bundle(spec);
        int total = ServingBenchmark.total(clients, images);
        ImageSettings settings = new ImageSettings(
                steps, guidanceScale == null ? OptionalDouble.empty() : OptionalDouble.of(guidanceScale));
        int queueCapacity = Math.max(clients, QueueLimits.DEFAULT_JOBS);
        try (ServerProcess server = ServerProcess.start(bundle, queueCapacity);
                ProgressBar bar = new ProgressBar(spec.commandLine().getErr(), ProgressBar.isStderrTerminal(), "")) {
            ServingBenchmark benchmark =
                    ServingBenchmark.run(server, settings, clients, images, drawn -> bar.onImage(drawn, total));
            bar.close();
            ServingReport report = new ServingReport(benchmark);
            spec.commandLine().getOut().print(json ? report.json() : report.table());
            spec.commandLine().getOut().flush();
        }
    }
}
