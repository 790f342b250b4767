package dev.mobilediffusion.runtime.upscale;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.image.ResizeMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What makes images larger here: {@value #LANCZOS}, and every network in a folder, as {@code NAME.onnx} or {@code
 * NAME/model.onnx}. A network is open only while it is used. Thread-safe.
 *
 * @param folder of the networks, there or not
 * @param options that networks are run with
 */
public record Upscalers(Path folder, RuntimeOptions options) {

    /** Resampling, without a network. */
    public static final String LANCZOS = "Lanczos";

    /** Of an image in between, each at most 12 MB. */
    public static final int MAX_PIXELS = 1 << 22;

    private static final String FILE = ".onnx";
    private static final int MAX_PASSES = 3;

    /** Those that lie beside the models in a folder, in its {@code upscalers/}. */
    public static Upscalers in(Path models, RuntimeOptions options) {
        return new Upscalers(models.resolve("upscalers"), options);
    }

    /** The networks' names, sorted. */
    public List<String> networks() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .map(name -> name.endsWith(FILE) ? name.substring(0, name.length() - FILE.length()) : name)
                    .filter(name -> file(name).isPresent())
                    .distinct()
                    .sorted()
                    .toList();
        } catch (IOException unreadable) {
            throw new InferenceException(
                    InferenceException.Code.INVALID_BUNDLE,
                    "the folder of upscalers %s cannot be read: %s".formatted(folder, unreadable),
                    unreadable);
        }
    }

    /** The first network; {@value #LANCZOS} where there is none. */
    public String usual() {
        return networks().stream().findFirst().orElse(LANCZOS);
    }

    /** The upscaler of that name, whatever the case of its letters; the usual one for an empty name. */
    public Optional<String> named(String name) {
        return name.isEmpty()
                ? Optional.of(usual())
                : Stream.concat(Stream.of(LANCZOS), networks().stream())
                        .filter(known -> known.equalsIgnoreCase(name))
                        .findFirst();
    }

    private Optional<Path> file(String name) {
        return Stream.of(folder.resolve(name + FILE), folder.resolve(name).resolve("model.onnx"))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /**
     * The image at {@code width} by {@code height} pixels. A network multiplies its size until it is no smaller, and Lanczos
     * does the rest.
     *
     * @param name {@value #LANCZOS} or one of {@link #networks}
     * @param width in pixels, positive; with {@code height} at most {@value #MAX_PIXELS} pixels
     * @throws InferenceException with code INVALID_REQUEST when a network would make more than {@value #MAX_PIXELS} pixels,
     *     INVALID_BUNDLE when it cannot be run, CANCELLED when {@code cancel} fired
     */
    public RgbImage enlarge(String name, RgbImage image, int width, int height, CancelToken cancel) {
        boolean larger = width > image.width() || height > image.height();
        if (name.equals(LANCZOS) || !larger) {
            return ResizeMode.JUST_RESIZE.fit(image, width, height);
        }
        Path file = file(name)
                .orElseThrow(() -> new InferenceException(
                        InferenceException.Code.INVALID_BUNDLE, "the upscaler %s is gone".formatted(name)));
        RgbImage grown = image;
        try (NetworkUpscaler network = NetworkUpscaler.open(file, name, options)) {
            for (int pass = 0; pass < MAX_PASSES && (grown.width() < width || grown.height() < height); pass++) {
                requireRoom(grown, network.scale(), name);
                grown = network.upscale(grown, cancel);
            }
        }
        return ResizeMode.JUST_RESIZE.fit(grown, width, height);
    }

    private static void requireRoom(RgbImage image, int scale, String name) {
        long wide = (long) scale * image.width();
        long high = (long) scale * image.height();
        if (wide * high > MAX_PIXELS) {
            throw InferenceException.invalid(
                    "image",
                    "image must have at most %d pixels once the upscaler %s has multiplied its sides by %d; it would"
                            + " have %d x %d",
                    MAX_PIXELS,
                    name,
                    scale,
                    wide,
                    high);
        }
    }
}
