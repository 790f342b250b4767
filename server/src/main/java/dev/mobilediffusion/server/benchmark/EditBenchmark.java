package dev.mobilediffusion.server.benchmark;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.pipeline.TextToImagePipeline;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import javax.imageio.ImageIO;

/**
 * How much longer an image that is drawn anew takes than one from words, in turns, so that what else the machine does
 * meets all of them alike. Times begin with the files' bytes and end with the finished pixels.
 *
 * @param medians of each call
 * @param ratios to an image from words, medians over the turns
 */
public record EditBenchmark(Map<Call, Duration> medians, Map<Call, Double> ratios) {

    private static final double STRENGTH = 0.6;

    /** What is measured in turns. */
    public enum Call {
        WORDS("from words"),
        /** An image that was not seen before. */
        FRESH("a picture anew"),
        /** The same image once more. */
        AGAIN("the same once more"),
        /** The middle of one that was not seen before. */
        PART("a part of one anew");

        private final String label;

        Call(String label) {
            this.label = label;
        }
    }

    public EditBenchmark {
        medians = Map.copyOf(medians);
        ratios = Map.copyOf(ratios);
    }

    /**
     * Draws one turn that does not count, then {@code runs} that do.
     *
     * @param file a PNG, JPEG or WebP file
     */
    public static EditBenchmark run(Path bundle, RuntimeOptions options, int runs, byte[] file) {
        byte[] mask = middle(ImageFileReader.read(file, "--image"));
        Map<Call, List<Duration>> times = new EnumMap<>(Call.class);
        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            for (int run = 0; run <= runs; run++) {
                ImageRequest request = ImageRequest.of("a red house by the sea", run);
                for (Call call : Call.values()) {
                    Duration taken = timed(model, request, call, file, mask, run);
                    if (run > 0) {
                        times.computeIfAbsent(call, any -> new ArrayList<>()).add(taken);
                    }
                }
            }
        }
        Map<Call, Duration> medians = new EnumMap<>(Call.class);
        Map<Call, Double> ratios = new EnumMap<>(Call.class);
        times.forEach((call, each) -> {
            medians.put(call, Percentile.of(each, 50));
            ratios.put(call, ratio(each, times.get(Call.WORDS)));
        });
        return new EditBenchmark(medians, ratios);
    }

    private static Duration timed(
            TextToImage model, ImageRequest request, Call call, byte[] file, byte[] mask, int run) {
        long begin = System.nanoTime();
        if (call == Call.WORDS) {
            model.generate(request, ProgressListener.NONE, new CancelToken());
        } else {
            ImageFileReader.Read read = ImageFileReader.read(file, "--image");
            mark(read.image().rgb(), call == Call.PART ? -1 - run : run);
            Optional<ImageFileReader.Read> marks =
                    call == Call.PART ? Optional.of(ImageFileReader.read(mask, "mask")) : Optional.empty();
            ImageEdit edit = ImageEdit.of(read, marks, ImageEdit.Options.DEFAULT, model.model());
            OptionalDouble strength = call == Call.PART ? OptionalDouble.empty() : OptionalDouble.of(STRENGTH);
            edit.finish(model.generate(
                    request.withSource(edit.source(strength)), ProgressListener.NONE, new CancelToken()));
        }
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** Makes it another image, whatever part of it is cut away. */
    private static void mark(byte[] rgb, int number) {
        int middle = rgb.length / 2;
        rgb[middle] = (byte) number;
        rgb[middle + 1] = (byte) (number >> Byte.SIZE);
    }

    /** A PNG that is white in the middle half of each side. */
    private static byte[] middle(ImageFileReader.Read image) {
        int width = image.image().width();
        int height = image.image().height();
        BufferedImage mask = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D graphics = mask.createGraphics();
        graphics.fillRect(width / 4, height / 4, width / 2, height / 2);
        graphics.dispose();
        try (ByteArrayOutputStream png = new ByteArrayOutputStream()) {
            ImageIO.write(mask, "png", png);
            return png.toByteArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible); // nothing leaves memory
        }
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
        StringBuilder table = new StringBuilder();
        for (Call call : Call.values()) {
            table.append(String.format(
                    Locale.ROOT,
                    "%-20s%6d ms%s%n",
                    call.label,
                    medians.get(call).toMillis(),
                    call == Call.WORDS ? "" : String.format(Locale.ROOT, "   %.2f times as long", ratios.get(call))));
        }
        return table.toString();
    }
}
