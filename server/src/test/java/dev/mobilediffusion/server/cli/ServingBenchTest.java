package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.server.benchmark.Percentile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ServingBenchTest {

    @Test
    void measuresARealServerAloneAndUnderLoad() throws JsonProcessingException {
        CommandLineRun run = bench("--clients", 3, "--pictures", 6, "--guidance-scale", 1, "--json");

        assertThat(run.err(), is(empty()));
        assertThat(run.exitCode(), is(0));
        JsonNode json = new ObjectMapper().readTree(String.join("\n", run.out()));
        assertThat(json.path("model").asText(), is("tiny-flow"));
        assertThat(json.path("steps").asInt(), is(1));
        assertThat(json.path("guidance_scale").asDouble(), is(1.0));
        assertThat(json.path("clients").asInt(), is(3));
        assertThat(json.path("load_pictures").asInt(), is(6));
        assertThat(json.path("pictures").asInt(), is(106));
        assertThat(json.path("probes").asInt(), is(greaterThanOrEqualTo(1)));
        assertThat(
                json.path("alone_wall_p50_ms").asDouble(),
                is(greaterThan(json.path("alone_inference_p50_ms").asDouble())));
        List<String> names = new ArrayList<>();
        json.path("figures").forEach(figure -> {
            names.add(figure.path("name").asText());
            assertThat(figure.path("value").asDouble(), is(greaterThan(0.0)));
        });
        assertThat(names, hasItems("http_overhead", "throughput", "client_spread", "health_p99_ms", "metrics_p99_ms"));
    }

    @Test
    void printsEveryFigureBesideItsTarget() {
        Duration unit = Duration.ofMillis(10);
        ServingBenchmark benchmark = new ServingBenchmark(
                "tiny-flow",
                new ImageSettings(1, OptionalDouble.of(1)),
                new ServingOverhead(Duration.ofMillis(11), unit, 20),
                50,
                new LoadPhase(List.of(unit, unit.multipliedBy(2)), Duration.ofSeconds(1), 49, true),
                List.of(unit),
                List.of(Duration.ofMillis(60)),
                OptionalLong.of(100_000_000),
                OptionalLong.of(104_000_000),
                149);

        List<String> lines = new ServingReport(benchmark)
                .table()
                .lines()
                .map(line -> line.replaceAll(" +", " "))
                .toList();

        assertThat(
                lines,
                hasItems(
                        "model tiny-flow, 1 step, guidance 1.0",
                        "HTTP p50 / networks 1.100 <= 1.080 missed",
                        "throughput under load / alone 0.980 >= 0.970 met",
                        "slowest client / fastest client 2.000 <= 1.200 missed",
                        "/health/live p99 under load 10.0 ms <= 50.0 ms met",
                        "/metrics p99 under load 60.0 ms <= 50.0 ms missed",
                        "memory at the end / after 100 pictures 1.040 <= 1.050 met"));
    }

    @Test
    void takesThePercentileOfTheNearestRank() {
        List<Duration> samples =
                IntStream.rangeClosed(1, 200).mapToObj(Duration::ofMillis).toList();

        assertThat(Percentile.of(samples, 50), is(Duration.ofMillis(100)));
        assertThat(Percentile.of(samples, 99), is(Duration.ofMillis(198)));
        assertThat(Percentile.of(List.of(Duration.ZERO), 99), is(Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> Percentile.of(List.of(), 50));
    }

    @Test
    void sumsTheNetworksOfAServerTimingHeader() {
        String header =
                "queue;dur=5.000, text_encoder;dur=1.500, unet;dur=30.000, vae_decoder;dur=4.250, encode;dur=9.0";

        assertThat(HttpImageClient.inference(header), is(Duration.ofNanos(35_750_000)));
        assertThrows(CommandFailure.class, () -> HttpImageClient.inference("encode;dur=9.0"));
    }

    @Test
    void refusesMoreClientsThanTheServerTakesConnections() {
        CommandLineRun run = bench("--clients", 201);

        assertThat(run.exitCode(), is(2));
        assertThat(
                run.err(),
                contains(startsWith("mobilediffusion: --clients must be a whole number in [1, 200], got '201'")));
    }

    private static CommandLineRun bench(Object... arguments) {
        List<Object> words = new ArrayList<>(List.of("--models", CommandLineRun.MODELS, "--model", "tiny-flow"));
        words.addAll(List.of(arguments));
        return CommandLineRun.of(ServingBench::run, words.toArray());
    }
}
