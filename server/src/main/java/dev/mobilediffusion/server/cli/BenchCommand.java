package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.runtime.RuntimeOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench}: how fast a model draws on this machine, stage by stage. */
@Command(
        name = "bench",
        subcommands = BenchServeCommand.class,
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

    @Mixin
    private ModelChoice model;

    @Override
    public void run() {
        boolean visible = ProgressBar.isStderrTerminal();
        Benchmark benchmark = Benchmark.run(
                model.bundle(),
                RuntimeOptions.defaults(),
                runs,
                run -> new ProgressBar(spec.commandLine().getErr(), visible, "%d/%d ".formatted(run, runs)));
        BenchmarkReport report = new BenchmarkReport(benchmark, ResidentMemory.peakBytes());
        spec.commandLine().getOut().print(json ? report.json() : report.table());
        spec.commandLine().getOut().flush();
    }
}
