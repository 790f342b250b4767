package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.server.error.ApiException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The picture whose lines a job's images follow, and how. Immutable.
 *
 * @param image the file that was sent
 * @param scale how strongly it is followed, in [0, {@value ControlImage#MAX_SCALE}]
 * @param control the model's control network; empty for its only one
 * @param preprocessor what makes a control image of it; empty for what the network names
 */
public record ControlUpload(Upload image, double scale, Optional<String> control, Optional<Preprocessor> preprocessor) {

    public ControlUpload {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(control, "control");
        Objects.requireNonNull(preprocessor, "preprocessor");
        if (!(scale >= 0 && scale <= ControlImage.MAX_SCALE)) {
            throw new IllegalArgumentException("scale must be in [0, 2], got " + scale);
        }
    }

    /**
     * One that a request brings. The file is read once here, so that nothing is admitted which no worker could read.
     *
     * @param names of the API's fields
     * @param file not to be written to any more
     * @param scale {@value ControlImage#DEFAULT_SCALE} where absent
     * @param preprocessor as {@link Preprocessor#spelling} has it; empty for what the network names
     * @throws ApiException INVALID_REQUEST
     */
    public static ControlUpload of(
            FieldNames names, byte[] file, OptionalDouble scale, Optional<String> control, String preprocessor) {
        double given = scale.orElse(ControlImage.DEFAULT_SCALE);
        if (!(given >= 0 && given <= ControlImage.MAX_SCALE)) {
            String name = names.of(Field.CONTROL_SCALE);
            throw ApiException.invalid(name, "%s must be in [0, %d], got %s", name, ControlImage.MAX_SCALE, given);
        }
        Optional<Preprocessor> made = Preprocessor.spelt(preprocessor);
        if (made.isEmpty() && !preprocessor.isEmpty()) {
            String name = names.of(Field.CONTROL_PREPROCESSOR);
            throw ApiException.invalid(
                    name,
                    "%s must be one of %s, got %s",
                    name,
                    String.join(", ", Preprocessor.spellings()),
                    preprocessor);
        }
        SourceDraft.READING.lock();
        try {
            ImageFileReader.read(file, names.of(Field.CONTROL_IMAGE), Source.MAX_PIXELS);
        } catch (InferenceException refused) {
            throw ApiException.of(refused);
        } finally {
            SourceDraft.READING.unlock();
        }
        return new ControlUpload(Upload.of(file), given, control.filter(name -> !name.isBlank()), made);
    }

    /** Its middle, at the model's size. */
    public ControlImage image(ModelInfo model) {
        return new ControlImage(
                ResizeMode.CROP_AND_RESIZE.fit(
                        ImageFileReader.read(image.content().read(), "control_image", Source.MAX_PIXELS)
                                .image(),
                        model.width(),
                        model.height()),
                scale,
                control,
                preprocessor);
    }

    ControlUpload withContent(Upload.Content content) {
        return new ControlUpload(image.withContent(content), scale, control, preprocessor);
    }
}
