package dev.mobilediffusion.server.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * A benchmark in words and in JSON.
 *
 * @param benchmark the figures
 * @param peakBytes most RAM that the process held; empty where the system does not say
 */
record BenchmarkReport(Benchmark benchmark, OptionalLong peakBytes) {

    private static final ObjectMapper JSON = new ObjectMapper();

    String table() {
        ModelInfo model = benchmark.model();
        StringBuilder table = new StringBuilder();
        line(table, "model    %s, %dx%d, %d steps", model.name(), model.width(), model.height(), model.defaultSteps());
        line(table, "machine  %s, %d threads, Java %s", system(), benchmark.threads(), Runtime.version());
        line(table, "load     %s", seconds(benchmark.load()));
        line(table, "first    %s", seconds(benchmark.first()));
        peakBytes.ifPresent(bytes -> line(table, "memory   %d MB at most", bytes / 1_000_000));
        line(table, "");
        line(
                table,
                "%-14s %10s %10s   %d pictures",
                "stage",
                "median",
                "best",
                benchmark.runs().size());
        benchmark.stages().forEach((stage, spread) -> line(table, stage.label(), spread));
        line(table, "unet per step", benchmark.unetStep());
        line(table, "total", benchmark.total());
        return table.toString();
    }

    String json() {
        ModelInfo model = benchmark.model();
        ObjectNode json = JSON.createObjectNode()
                .put("model", model.name())
                .put("sha256", model.sha256())
                .put("width", model.width())
                .put("height", model.height())
                .put("steps", model.defaultSteps())
                .put("guidance_scale", model.defaultGuidanceScale())
                .put("system", system())
                .put("threads", benchmark.threads())
                .put("java", Runtime.version().toString())
                .put("load_ms", millis(benchmark.load()))
                .put("first_ms", millis(benchmark.first()))
                .put("runs", benchmark.runs().size());
        peakBytes.ifPresent(bytes -> json.put("peak_resident_bytes", bytes));
        ObjectNode stages = json.putObject("stages");
        benchmark.stages().forEach((stage, spread) -> put(stages, stage.label(), spread));
        put(json, "unet_step", benchmark.unetStep());
        put(json, "total", benchmark.total());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + System.lineSeparator();
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a tree of numbers and strings is JSON", impossible);
        }
    }

    private static void put(ObjectNode parent, String name, Benchmark.Spread spread) {
        parent.putObject(name).put("median_ms", millis(spread.median())).put("best_ms", millis(spread.best()));
    }

    private static void line(StringBuilder table, String name, Benchmark.Spread spread) {
        line(table, "%-14s %7.1f ms %7.1f ms", name, millis(spread.median()), millis(spread.best()));
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
