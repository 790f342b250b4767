package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * The image that a job draws anew, and how. Immutable. APIs make it by {@link SourceDraft}.
 *
 * @param image the file that was sent
 * @param mask the file that marks a part of it; empty for all of it, or what the image itself marks
 * @param strength how much is drawn anew, in [0, 1]; the model's own where empty
 * @param options how the image comes to the model's size and back
 */
public record Source(Upload image, Optional<Upload> mask, OptionalDouble strength, ImageEdit.Options options) {

    /** 2048x2048: some 30 MB of heap while such an image is read. */
    public static final int MAX_PIXELS = ImageSize.MAX_PIXELS * ImageSize.MAX_PIXELS;

    public Source {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(mask, "mask");
        Objects.requireNonNull(options, "options");
        if (strength.isPresent() && !(strength.getAsDouble() >= 0 && strength.getAsDouble() <= 1)) {
            throw new IllegalArgumentException("strength must be in [0, 1], got " + strength.getAsDouble());
        }
    }

    /** The files, the image first. */
    public List<Upload> uploads() {
        return Stream.concat(Stream.of(image), mask.stream()).toList();
    }

    /** The same with each file's bytes elsewhere; {@code content} is asked by its place in {@link #uploads}. */
    public Source withContents(IntFunction<Upload.Content> content) {
        return new Source(
                image.withContent(content.apply(0)),
                mask.map(upload -> upload.withContent(content.apply(1))),
                strength,
                options);
    }

    /**
     * The image's way to the model and back, read from its files.
     *
     * @param size of the finished image; the model's own where empty
     * @throws InferenceException with code INVALID_REQUEST when the files are no images that belong together
     */
    public ImageEdit edit(Optional<ImageSize> size, ModelInfo model) {
        return ImageEdit.of(
                LastRead.of(image, "image"),
                mask.map(upload -> ImageFileReader.read(upload.content().read(), "mask", MAX_PIXELS)),
                options,
                model,
                size.map(ImageSize::width).orElse(model.width()),
                size.map(ImageSize::height).orElse(model.height()));
    }
}
