package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.image.Resampler;
import java.util.Objects;
import java.util.Optional;

/**
 * How a job's images are handed over. Immutable.
 *
 * <pre>{@code
 * Delivery.PNG.withFormat(ImageFormat.JPEG)
 * }</pre>
 *
 * @param size of the images; empty for the model's own
 * @param format of the files
 * @param quality of a lossy format in [0, 100]
 * @param metadata whether the settings that drew an image are written into its file
 * @param previews looks at each unfinished image, in [0, {@value #MAX_PREVIEWS}]; with few steps there are fewer
 */
public record Delivery(Optional<ImageSize> size, ImageFormat format, int quality, boolean metadata, int previews) {

    public static final int MAX_PREVIEWS = 3;
    public static final int DEFAULT_QUALITY = 90;

    /** The model's own size, settings inside, no previews. */
    public static final Delivery PNG = new Delivery(Optional.empty(), ImageFormat.PNG, DEFAULT_QUALITY, true, 0);

    public Delivery {
        Objects.requireNonNull(size, "size");
        Objects.requireNonNull(format, "format");
        if (quality < RequestDraft.MIN_QUALITY || quality > RequestDraft.MAX_QUALITY) {
            throw new IllegalArgumentException("quality must be in [%s, %s], got %s"
                    .formatted(RequestDraft.MIN_QUALITY, RequestDraft.MAX_QUALITY, quality));
        }
        if (previews < 0 || previews > MAX_PREVIEWS) {
            throw new IllegalArgumentException("previews must be in [0, %s], got %s".formatted(MAX_PREVIEWS, previews));
        }
    }

    public Delivery withFormat(ImageFormat value) {
        return new Delivery(size, value, quality, metadata, previews);
    }

    public Delivery withPreviews(int value) {
        return new Delivery(size, format, quality, metadata, value);
    }

    /** The image in the size that was asked for; the very same where it has it. */
    public GeneratedImage sized(GeneratedImage image) {
        return size.map(wanted -> Resampler.resample(image, wanted.width(), wanted.height()))
                .orElse(image);
    }

    /** Whether one of the previews falls on a step: they are spread evenly, none on the last step. */
    public boolean hasPreviewAt(int step, int steps) {
        return step < steps && step * (previews + 1) / steps > (step - 1) * (previews + 1) / steps;
    }
}
