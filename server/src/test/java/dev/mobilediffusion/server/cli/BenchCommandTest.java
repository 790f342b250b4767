package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.benchmark.Benchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchCommandTest {

    @Test
    void printsFiguresOfEveryStage() {
        CommandLineRun run = bench("--runs", 2);

        assertThat(run.exitCode(), is(0));
        assertThat(run.err(), is(empty()));
        assertThat(
                run.out(),
                hasItems(
                        startsWith("model    tiny-flow, 64x64, 4 steps"),
                        startsWith("load "),
                        startsWith("text_encoder "),
                        startsWith("unet "),
                        startsWith("unet per step "),
                        startsWith("vae_decoder "),
                        startsWith("total ")));
    }

    @Test
    void printsJsonForPrograms() throws JsonProcessingException {
        CommandLineRun run = bench("--runs", 3, "--json");

        JsonNode json = new ObjectMapper().readTree(String.join("\n", run.out()));
        assertThat(json.path("model").asText(), is("tiny-flow"));
        assertThat(json.path("runs").asInt(), is(3));
        JsonNode unet = json.path("stages").path("unet");
        assertThat(unet.path("best_ms").asDouble(), is(greaterThan(0.0)));
        assertThat(
                unet.path("best_ms").asDouble(),
                is(lessThanOrEqualTo(unet.path("median_ms").asDouble())));
        assertThat(
                json.path("unet_step").path("median_ms").asDouble(),
                is(closeTo(unet.path("median_ms").asDouble() / 4, 0.002)));
        assertThat(
                json.path("total").path("median_ms").asDouble(),
                is(greaterThan(unet.path("median_ms").asDouble())));
    }

    @Test
    void comparesWithAnEarlierRun(@TempDir Path folder) throws IOException {
        Path before = folder.resolve("before.json");
        Files.write(before, bench("--runs", 1, "--json").out());

        CommandLineRun run = bench("--runs", 1, "--compare", before);

        assertThat(run.out(), hasItem(matchesPattern("total +\\d+\\.\\d ms +\\d+\\.\\d ms +\\d+\\.\\d\\d")));
        JsonNode json = new ObjectMapper().readTree(before.toFile());
        assertThat(json.path("matmul_gflops").asDouble(), is(greaterThan(0.1)));
        assertThat(json.at("/stages/unet/share_of_peak").asDouble(), is(lessThanOrEqualTo(1.2)));
        assertThat(json.at("/stages/unet/gflops").asDouble(), is(greaterThan(0.0)));
    }

    @Test
    void refusesToCompareWithSomethingElse(@TempDir Path folder) throws IOException {
        Path other = Files.writeString(folder.resolve("other.json"), "{}");

        CommandLineRun run = bench("--compare", other);

        assertThat(run.exitCode(), is(2));
        assertThat(run.err(), contains(startsWith("mobilediffusion: --compare must name what bench --json printed")));
    }

    @Test
    void measuresImagesDrawnAnewBesideThoseFromWords(@TempDir Path folder) throws IOException {
        Path image = Files.write(folder.resolve("a.png"), TestImages.png(TestImages.noise(64, 64)));

        CommandLineRun run = bench("--runs", 2, "--image", image);

        assertThat(run.exitCode(), is(0));
        assertThat(
                run.out(),
                contains(
                        startsWith("from words "),
                        matchesPattern("a picture anew .* ms   \\d+\\.\\d\\d times as long"),
                        startsWith("the same once more "),
                        startsWith("a part of one anew ")));
    }

    @Test
    void refusesAFileThatIsNoImage(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("a.png"), "a cat");

        CommandLineRun run = bench("--image", file);

        assertThat(run.exitCode(), is(2));
        assertThat(run.err(), contains(startsWith("mobilediffusion: --image is no PNG, JPEG or WebP picture")));
    }

    @Test
    void drawsAnotherPromptInEveryRun() {
        assertThat(
                IntStream.rangeClosed(0, OptionValues.MAX_RUNS)
                        .mapToObj(Benchmark::prompt)
                        .distinct()
                        .toList(),
                hasSize(OptionValues.MAX_RUNS + 1));
    }

    @Test
    void refusesNoRuns() {
        CommandLineRun run = bench("--runs", 0);

        assertThat(run.exitCode(), is(2));
        assertThat(
                run.err(),
                contains(startsWith("mobilediffusion: --runs must be a whole number in [1, 1000], got '0'")));
    }

    private static CommandLineRun bench(Object... arguments) {
        Object[] words = new Object[arguments.length + 5];
        System.arraycopy(
                new Object[] {"bench", "--models", CommandLineRun.MODELS, "--model", "tiny-flow"}, 0, words, 0, 5);
        System.arraycopy(arguments, 0, words, 5, arguments.length);
        return CommandLineRun.of(words);
    }
}
