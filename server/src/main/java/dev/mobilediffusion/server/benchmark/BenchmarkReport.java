package dev.mobilediffusion.server.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.Stage;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * A benchmark in words and in JSON.
 *
 * @param benchmark the figures
 * @param speed of the networks
 * @param earlier the JSON of an earlier run to compare with; empty for none
 */
public record BenchmarkReport(Benchmark benchmark, Speed speed, Optional<JsonNode> earlier) {

    private static final ObjectMapper JSON = new ObjectMapper();

    public String table() {
        ModelInfo model = benchmark.model();
        StringBuilder table = new StringBuilder();
        line(
                table,
                "model    %s, %dx%d, %s",
                model.name(),
                model.width(),
                model.height(),
                ImageSummary.steps(model.defaultSteps()));
        line(
                table,
                "machine  %s, %d threads, memory for %s, Java %s",
                system(),
                benchmark.options().threads(),
                memoryProfile(),
                Runtime.version());
        line(table, "load     %s", seconds(benchmark.load()));
        line(table, "first    %s", seconds(benchmark.first()));
        benchmark.startToFirst().ifPresent(time -> line(table, "start    %s to the first picture", seconds(time)));
        benchmark.memory().peakBytes().ifPresent(bytes -> line(table, "memory   %d MB at most", bytes / 1_000_000));
        benchmark
                .memory()
                .steadyBytes()
                .ifPresent(bytes -> line(table, "         %d MB in the end", bytes / 1_000_000));
        line(table, "peak     %.1f GFLOP/s in a matrix product", speed.peak() / 1e9);
        line(table, "");
        line(
                table,
                "%-14s %10s %10s %10s %9s %8s   %d pictures",
                "stage",
                "median",
                "p95",
                "best",
                "GFLOP/s",
                "of peak",
                benchmark.runs().size());
        benchmark.stages().forEach((stage, spread) -> line(table, stage.label(), spread, speedOf(stage)));
        line(table, "unet per step", benchmark.unetStep(), "");
        line(table, "total", benchmark.total(), "");
        earlier.ifPresent(before -> compare(table, before));
        return table.toString();
    }

    public String json() {
        ModelInfo model = benchmark.model();
        ObjectNode json = JSON.createObjectNode()
                .put("model", model.name())
                .put("sha256", model.sha256())
                .put("width", model.width())
                .put("height", model.height())
                .put("steps", model.defaultSteps())
                .put("guidance_scale", model.defaultGuidanceScale())
                .put("system", system())
                .put("threads", benchmark.options().threads())
                .put("memory_profile", memoryProfile())
                .put("java", Runtime.version().toString())
                .put("load_ms", millis(benchmark.load()))
                .put("first_ms", millis(benchmark.first()))
                .put("runs", benchmark.runs().size());
        benchmark.startToFirst().ifPresent(time -> json.put("start_to_first_ms", millis(time)));
        benchmark.memory().peakBytes().ifPresent(bytes -> json.put("peak_resident_bytes", bytes));
        benchmark.memory().steadyBytes().ifPresent(bytes -> json.put("steady_resident_bytes", bytes));
        json.put("matmul_gflops", Math.round(speed.peak() / 1e8) / 10.0);
        ObjectNode stages = json.putObject("stages");
        benchmark.stages().forEach((stage, spread) -> {
            put(stages, stage.label(), spread);
            if (speed.stages().containsKey(stage)) {
                stages.withObject("/" + stage.label())
                        .put("gflops", Math.round(speed.stages().get(stage) / 1e8) / 10.0)
                        .put("share_of_peak", Math.round(speed.share(stage) * 1000) / 1000.0);
            }
        });
        put(json, "unet_step", benchmark.unetStep());
        put(json, "total", benchmark.total());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + System.lineSeparator();
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a tree of numbers and strings is JSON", impossible);
        }
    }

    private static void put(ObjectNode parent, String name, Benchmark.Spread spread) {
        parent.putObject(name)
                .put("median_ms", millis(spread.median()))
                .put("p95_ms", millis(spread.p95()))
                .put("best_ms", millis(spread.best()));
    }

    private String memoryProfile() {
        return benchmark.options().memory().name().toLowerCase(Locale.ROOT);
    }

    private String speedOf(Stage stage) {
        return speed.stages().containsKey(stage)
                ? String.format(
                        Locale.ROOT, "%9.1f %6.0f %%", speed.stages().get(stage) / 1e9, 100 * speed.share(stage))
                : "";
    }

    /** Medians beside those of an earlier run; below 1 is faster now. */
    private void compare(StringBuilder table, JsonNode before) {
        line(table, "");
        line(
                table,
                "%-14s %10s %10s %7s   %s",
                "median",
                "before",
                "now",
                "ratio",
                before.path("model").asText());
        benchmark
                .stages()
                .forEach((stage, spread) ->
                        compare(table, stage.label(), before.path("stages").path(stage.label()), spread));
        compare(table, "unet per step", before.path("unet_step"), benchmark.unetStep());
        compare(table, "total", before.path("total"), benchmark.total());
    }

    private static void compare(StringBuilder table, String name, JsonNode before, Benchmark.Spread now) {
        double earlier = before.path("median_ms").asDouble();
        if (earlier > 0) {
            double median = millis(now.median());
            line(table, "%-14s %7.1f ms %7.1f ms %7.2f", name, earlier, median, median / earlier);
        }
    }

    private static void line(StringBuilder table, String name, Benchmark.Spread spread, String rest) {
        String line = String.format(
                Locale.ROOT,
                "%-14s %7.1f ms %7.1f ms %7.1f ms %s",
                name,
                millis(spread.median()),
                millis(spread.p95()),
                millis(spread.best()),
                rest);
        table.append(line.stripTrailing()).append(System.lineSeparator());
    }

    private static void line(StringBuilder table, String format, Object... args) {
        table.append(String.format(Locale.ROOT, format, args)).append(System.lineSeparator());
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.2f s", duration.toNanos() / 1e9);
    }

    /** To a microsecond. */
    private static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e3) / 1e3;
    }

    private static String system() {
        return System.getProperty("os.name") + " " + System.getProperty("os.arch");
    }
}
