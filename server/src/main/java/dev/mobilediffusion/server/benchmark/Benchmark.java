package dev.mobilediffusion.server.benchmark;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.MachineMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;

/**
 * How fast a model draws on this machine.
 *
 * @param model what was measured
 * @param options how it was loaded
 * @param load reading and preparing the model, its files' hashes included
 * @param first the first image after loading
 * @param startToFirst from the start of this process to the end of the first image; empty where the system does not say
 * @param runs the images after that
 * @param memory of this process when the last image was drawn
 */
public record Benchmark(
        ModelInfo model,
        RuntimeOptions options,
        Duration load,
        Duration first,
        Optional<Duration> startToFirst,
        List<StageTimings> runs,
        Memory memory) {

    // Every run draws another prompt, or the remembered embeddings would hide what the text encoder costs
    private static final List<String> COLOURS =
            List.of("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey");
    private static final List<String> KINDS =
            List.of("house", "tree", "boat", "car", "cat", "dog", "bird", "flower", "star", "ball");
    private static final List<String> PLACES = List.of("by the sea", "in the desert", "in the snow");
    private static final List<String> TIMES = List.of("at sunset", "at night", "at dawn", "by day");
    private static final long FIRST_SEED = 7;

    /** Times of one stage over all runs: 50th and 95th percentile, and the least. */
    public record Spread(Duration median, Duration p95, Duration best) {

        static Spread of(List<Duration> durations) {
            return new Spread(Percentile.of(durations, 50), Percentile.of(durations, 95), Collections.min(durations));
        }
    }

    /** A listener that is closed after its image. */
    public interface Progress extends ProgressListener, AutoCloseable {

        @Override
        void close();
    }

    /** Bytes of RAM, the most ever and at the end; empty where the system does not say. */
    public record Memory(OptionalLong peakBytes, OptionalLong steadyBytes) {

        static Memory now() {
            MachineMemory memory = Machine.here().memory();
            return new Memory(memory.peakBytes(), memory.residentBytes());
        }
    }

    /**
     * Loads the model and draws one image that does not count, then {@code runs} that do.
     *
     * @param progress gives the listener of an image, 0 being the one that does not count; closed after it
     */
    public static Benchmark run(Path bundle, RuntimeOptions options, int runs, IntFunction<Progress> progress) {
        long start = System.nanoTime();
        try (TextToImage pipeline = TextToImagePipeline.load(bundle, options)) {
            Duration load = Duration.ofNanos(System.nanoTime() - start);
            List<StageTimings> timings = new ArrayList<>();
            Optional<Duration> startToFirst = Optional.empty();
            for (int run = 0; run <= runs; run++) {
                try (Progress bar = progress.apply(run)) {
                    ImageRequest request = ImageRequest.of(prompt(run), FIRST_SEED + run);
                    GeneratedImage image = pipeline.generate(request, bar, new CancelToken());
                    timings.add(image.timings());
                }
                if (run == 0) {
                    startToFirst = ProcessHandle.current()
                            .info()
                            .startInstant()
                            .map(begin -> Duration.between(begin, Instant.now()));
                }
            }
            Duration first = timings.getFirst().total();
            return new Benchmark(
                    pipeline.model(),
                    options,
                    load,
                    first,
                    startToFirst,
                    timings.subList(1, timings.size()),
                    Memory.now());
        }
    }

    /** A prompt of its own for each of the first 1320 runs. */
    public static String prompt(int run) {
        int rest = run;
        String colour = COLOURS.get(rest % COLOURS.size());
        rest /= COLOURS.size();
        String kind = KINDS.get(rest % KINDS.size());
        rest /= KINDS.size();
        String place = PLACES.get(rest % PLACES.size());
        rest /= PLACES.size();
        return "a %s %s %s %s".formatted(colour, kind, place, TIMES.get(rest % TIMES.size()));
    }

    /** Median and best of each stage that ran. */
    Map<Stage, Spread> stages() {
        Map<Stage, Spread> spreads = new EnumMap<>(Stage.class);
        for (Stage stage : runs.getFirst().durations().keySet()) {
            spreads.put(stage, Spread.of(runs.stream().map(run -> run.of(stage)).toList()));
        }
        return spreads;
    }

    /** A denoising step: one call of the UNet, or two where guidance asks for two. */
    Spread unetStep() {
        Spread unet = stages().get(Stage.UNET);
        int steps = model.defaultSteps();
        return new Spread(
                unet.median().dividedBy(steps),
                unet.p95().dividedBy(steps),
                unet.best().dividedBy(steps));
    }

    Spread total() {
        return Spread.of(runs.stream().map(StageTimings::total).toList());
    }
}
