package dev.mobilediffusion.server.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.benchmark.ImageSummary;
import dev.mobilediffusion.server.benchmark.Percentile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A {@link ServingBenchmark} in words and in JSON, each figure beside its target. */
record ServingReport(ServingBenchmark benchmark) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PROBE_PERCENT = 99;
    private static final double MAX_OVERHEAD = 1.08;
    private static final double MIN_THROUGHPUT = 0.97;
    private static final double MAX_SPREAD = 1.2;
    private static final double MAX_PROBE_MILLIS = 50;
    private static final double MAX_GROWTH = 1.05;

    /** One measured number and its bound, from above or below. */
    private record Figure(String key, String name, String unit, double value, boolean isMaximum, double target) {

        boolean met() {
            return isMaximum ? value <= target : value >= target;
        }
    }

    String table() {
        StringBuilder table = new StringBuilder();
        LoadPhase load = benchmark.load();
        ImageSettings settings = benchmark.settings();
        line(
                table,
                "model    %s, %s, guidance %s",
                benchmark.model(),
                ImageSummary.steps(settings.steps()),
                guidance(settings));
        line(
                table,
                "machine  %s %s, %d processors, Java %s",
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                Runtime.version());
        line(
                table,
                "alone    p50 %.2f ms, of which %.2f ms in the networks; %.2f pictures/s",
                millis(benchmark.alone().wall()),
                millis(benchmark.alone().inference()),
                benchmark.imagesPerSecondAlone());
        line(
                table,
                "load     %d clients%s, %d pictures; %.2f pictures/s",
                load.perClient().size(),
                load.ownAddresses() ? "" : " with one address, so a single turn in the queue",
                load.images(),
                load.imagesPerSecond());
        benchmark.early().ifPresent(bytes -> line(table, "memory   %s", memory(bytes)));
        line(table, "");
        line(table, "%-44s %10s %10s", "figure", "measured", "target");
        for (Figure figure : figures()) {
            line(
                    table,
                    "%-44s %10s %10s  %s",
                    figure.name(),
                    number(figure.value()) + figure.unit(),
                    (figure.isMaximum() ? "<= " : ">= ") + number(figure.target()) + figure.unit(),
                    figure.met() ? "met" : "missed");
        }
        return table.toString();
    }

    String json() {
        ObjectNode json = JSON.createObjectNode()
                .put("model", benchmark.model())
                .put("steps", benchmark.settings().steps())
                .put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
                .put("processors", Runtime.getRuntime().availableProcessors())
                .put("java", Runtime.version().toString())
                .put("pictures", benchmark.images())
                .put("alone_wall_p50_ms", millis(benchmark.alone().wall()))
                .put("alone_inference_p50_ms", millis(benchmark.alone().inference()))
                .put("alone_pictures_per_second", benchmark.imagesPerSecondAlone())
                .put("clients", benchmark.load().perClient().size())
                .put("own_addresses", benchmark.load().ownAddresses())
                .put("load_pictures", benchmark.load().images())
                .put("load_pictures_per_second", benchmark.load().imagesPerSecond())
                .put("probes", benchmark.health().size());
        benchmark.settings().guidanceScale().ifPresent(scale -> json.put("guidance_scale", scale));
        benchmark.early().ifPresent(bytes -> json.put("early_resident_bytes", bytes));
        benchmark.late().ifPresent(bytes -> json.put("late_resident_bytes", bytes));
        ArrayNode figures = json.putArray("figures");
        for (Figure figure : figures()) {
            figures.addObject()
                    .put("name", figure.key())
                    .put("value", figure.value())
                    .put(figure.isMaximum() ? "maximum" : "minimum", figure.target())
                    .put("met", figure.met());
        }
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + System.lineSeparator();
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a tree of numbers and strings is JSON", impossible);
        }
    }

    private List<Figure> figures() {
        LoadPhase load = benchmark.load();
        double throughput = load.imagesPerSecond() / benchmark.imagesPerSecondAlone();
        Duration health = Percentile.of(benchmark.health(), PROBE_PERCENT);
        Duration metrics = Percentile.of(benchmark.metrics(), PROBE_PERCENT);
        List<Figure> figures = new ArrayList<>();
        figures.add(atMost(
                "http_overhead", "HTTP p50 / networks", "", benchmark.alone().ratio(), MAX_OVERHEAD));
        figures.add(new Figure("throughput", "throughput under load / alone", "", throughput, false, MIN_THROUGHPUT));
        figures.add(atMost("client_spread", "slowest client / fastest client", "", load.spread(), MAX_SPREAD));
        figures.add(atMost("health_p99_ms", "/health/live p99 under load", " ms", millis(health), MAX_PROBE_MILLIS));
        figures.add(atMost("metrics_p99_ms", "/metrics p99 under load", " ms", millis(metrics), MAX_PROBE_MILLIS));
        if (benchmark.early().isPresent() && benchmark.late().isPresent()) {
            double growth =
                    (double) benchmark.late().getAsLong() / benchmark.early().getAsLong();
            figures.add(atMost("memory_growth", "memory at the end / after 100 pictures", "", growth, MAX_GROWTH));
        }
        return figures;
    }

    private String memory(long early) {
        return "%s MB after %s pictures, %s MB after %s"
                .formatted(
                        early / 1_000_000,
                        ServingBenchmark.EARLY_IMAGES,
                        benchmark.late().orElse(0) / 1_000_000,
                        benchmark.images());
    }

    private static String guidance(ImageSettings settings) {
        return settings.guidanceScale().isPresent()
                ? String.valueOf(settings.guidanceScale().getAsDouble())
                : "as the model has it";
    }

    private static Figure atMost(String key, String name, String unit, double value, double target) {
        return new Figure(key, name, unit, value, true, target);
    }

    private static void line(StringBuilder table, String format, Object... args) {
        table.append(String.format(Locale.ROOT, format, args)).append(System.lineSeparator());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value);
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }
}
