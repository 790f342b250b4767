package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.runtime.image.ImageEdit.Fill;
import dev.mobilediffusion.runtime.image.ImageEdit.Options;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.image.MaskMarks;
import dev.mobilediffusion.runtime.image.ResizeMode;
import dev.mobilediffusion.server.error.ApiException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An image to be drawn anew on its way from an API to a {@link Source}: its defaults and bounds, once for all APIs, as
 * {@link RequestDraft} has those of the words. The files are read once here, so that nothing is admitted which no worker
 * could read.
 *
 * <p>Owned by the thread that reads the request. Methods throw {@link ApiException} INVALID_REQUEST.
 */
public final class SourceDraft {

    /** One image is checked at a time: each takes tens of megabytes while it is read, and clients are many. */
    static final ReentrantLock READING = new ReentrantLock();

    private final FieldNames names;
    private final byte[] image;
    private Optional<byte[]> mask = Optional.empty();
    private OptionalDouble strength = OptionalDouble.empty();
    private ResizeMode resize = Options.DEFAULT.resize();
    private int maskBlur = Options.DEFAULT.maskBlur();
    private boolean onlyMasked;
    private int padding = Options.DEFAULT.padding();
    private Fill fill = Options.DEFAULT.fill();
    private MaskMarks marks = MaskMarks.TRANSPARENT;

    /**
     * @param names of the API's fields
     * @param image a file, not to be written to any more
     */
    public SourceDraft(FieldNames names, byte[] image) {
        this.names = names;
        this.image = image;
    }

    /** @param value a file, not to be written to any more */
    public SourceDraft mask(Optional<byte[]> value) {
        mask = value;
        return this;
    }

    /** @param value in [0, 1]; {@link SourceImage#defaultStrength} where absent */
    public SourceDraft strength(OptionalDouble value) {
        if (value.isPresent() && !(value.getAsDouble() >= 0 && value.getAsDouble() <= 1)) {
            String name = names.of(Field.STRENGTH);
            throw ApiException.invalid(name, "%s must be in [0, 1], got %s", name, value.getAsDouble());
        }
        strength = value;
        return this;
    }

    /** @param value what becomes of an image of another shape */
    public SourceDraft resize(ResizeMode value) {
        resize = value;
        return this;
    }

    /** @param value in pixels, in [0, {@value ImageEdit#MAX_BLUR}] */
    public SourceDraft maskBlur(OptionalInt value) {
        maskBlur = inRange(Field.MASK_BLUR, value, ImageEdit.MAX_BLUR, maskBlur);
        return this;
    }

    /** @param value whether the masked part is cut out and drawn at the model's full size */
    public SourceDraft onlyMasked(boolean value) {
        onlyMasked = value;
        return this;
    }

    /** @param value pixels around that part, in [0, {@value ImageEdit#MAX_PADDING}] */
    public SourceDraft padding(OptionalInt value) {
        padding = inRange(Field.PADDING, value, ImageEdit.MAX_PADDING, padding);
        return this;
    }

    /** @param value what the masked part starts from */
    public SourceDraft fill(Fill value) {
        fill = value;
        return this;
    }

    /** @param value which part of the mask is drawn anew */
    public SourceDraft marks(MaskMarks value) {
        marks = value;
        return this;
    }

    /** The image, complete; refused where its files are no images, too large, or do not belong together. */
    public Source source() {
        Upload sent = Upload.of(image);
        READING.lock();
        try {
            ImageEdit.check(
                    LastRead.of(sent, names.of(Field.IMAGE)),
                    mask.map(file -> ImageFileReader.read(file, names.of(Field.MASK), Source.MAX_PIXELS)),
                    marks);
        } catch (InferenceException refused) {
            throw ApiException.of(refused);
        } finally {
            READING.unlock();
        }
        return new Source(
                sent, mask.map(Upload::of), strength, new Options(resize, maskBlur, onlyMasked, padding, fill, marks));
    }

    private int inRange(Field field, OptionalInt value, int most, int otherwise) {
        if (value.isPresent() && (value.getAsInt() < 0 || value.getAsInt() > most)) {
            String name = names.of(field);
            throw ApiException.invalid(name, "%s must be in [0, %d], got %d", name, most, value.getAsInt());
        }
        return value.orElse(otherwise);
    }
}
