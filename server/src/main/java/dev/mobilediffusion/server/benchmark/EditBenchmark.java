package dev.mobilediffusion.server.benchmark;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How much longer an image that is drawn anew takes than one from words, in turns, so that what else the machine does
 * meets all of them alike. Times begin with the file's bytes.
 *
 * @param words medians of one from words
 * @param fresh of a picture that was not seen before
 * @param again of the same picture once more
 * @param freshRatio median over the turns
 * @param againRatio likewise
 */
public record EditBenchmark(Duration words, Duration fresh, Duration again, double freshRatio, double againRatio) {

    private static final double STRENGTH = 0.6;

    /**
     * Draws one turn that does not count, then {@code runs} that do.
     *
     * @param file a PNG, JPEG or WebP file
     */
    public static EditBenchmark run(Path bundle, RuntimeOptions options, int runs, byte[] file) {
        List<Duration> words = new ArrayList<>();
        List<Duration> fresh = new ArrayList<>();
        List<Duration> again = new ArrayList<>();
        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            for (int run = 0; run <= runs; run++) {
                ImageRequest request = ImageRequest.of("a red house by the sea", run);
                Duration fromWords = timed(model, request);
                Duration unseen = timed(model, request, file, run);
                Duration seen = timed(model, request, file, run);
                if (run > 0) {
                    words.add(fromWords);
                    fresh.add(unseen);
                    again.add(seen);
                }
            }
        }
        return new EditBenchmark(
                Percentile.of(words, 50),
                Percentile.of(fresh, 50),
                Percentile.of(again, 50),
                ratio(fresh, words),
                ratio(again, words));
    }

    private static Duration timed(TextToImage model, ImageRequest request) {
        long begin = System.nanoTime();
        model.generate(request, ProgressListener.NONE, new CancelToken());
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** @param mark makes it another picture */
    private static Duration timed(TextToImage model, ImageRequest request, byte[] file, int mark) {
        long begin = System.nanoTime();
        RgbImage image = ResizeMode.CROP_AND_RESIZE.fit(
                ImageFileReader.read(file, "--image").image(),
                model.model().width(),
                model.model().height());
        image.rgb()[0] = (byte) mark;
        image.rgb()[1] = (byte) (mark >> Byte.SIZE);
        model.generate(request.withSource(SourceImage.of(image, STRENGTH)), ProgressListener.NONE, new CancelToken());
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private static double ratio(List<Duration> some, List<Duration> others) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < some.size(); i++) {
            ratios.add((double) some.get(i).toNanos() / others.get(i).toNanos());
        }
        ratios.sort(null);
        return ratios.get(ratios.size() / 2);
    }

    /** For people. */
    public String table() {
        return String.format(
                Locale.ROOT,
                "from words            %4d ms%na picture anew       %4d ms   %.2f times as long%nthe same once more   "
                        + " %4d ms   %.2f%n",
                words.toMillis(),
                fresh.toMillis(),
                freshRatio,
                again.toMillis(),
                againRatio);
    }
}
