package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.SourceImage;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The way of an image to the model's size and, drawn anew, back:
 *
 * <pre>{@code
 * ImageEdit edit = ImageEdit.of(ImageFileReader.read(file, "image"), Optional.of(mask), options, model.model());
 * GeneratedImage drawn = model.generate(request.withSource(edit.source(OptionalDouble.of(0.6))), …);
 * GeneratedImage finished = edit.finish(drawn);
 * }</pre>
 *
 * Immutable.
 */
public final class ImageEdit {

    public static final int MAX_BLUR = 64;
    public static final int MAX_PADDING = 256;

    /** What the masked part starts from, as A1111's {@code inpainting_fill} 0 to 3. */
    public enum Fill {
        /** The colours around it. */
        FILL,
        ORIGINAL,
        LATENT_NOISE,
        LATENT_NOTHING
    }

    /**
     * @param resize for an image of another size than the model's
     * @param maskBlur softness of the mask's edge in pixels, in [0, {@value #MAX_BLUR}]
     * @param onlyMasked whether the masked part is cut out, drawn at the model's full size, and put back; the image
     *     then keeps its own size
     * @param padding pixels around that part which are seen too, in [0, {@value #MAX_PADDING}]
     * @param fill what the masked part starts from
     * @param marks which part of the mask it is
     */
    public record Options(
            ResizeMode resize, int maskBlur, boolean onlyMasked, int padding, Fill fill, MaskMarks marks) {

        public static final Options DEFAULT =
                new Options(ResizeMode.CROP_AND_RESIZE, 4, false, 32, Fill.ORIGINAL, MaskMarks.TRANSPARENT);

        public Options {
            if (maskBlur < 0 || maskBlur > MAX_BLUR) {
                throw InferenceException.invalid(
                        "mask_blur", "mask_blur must be in [0, %d], got %d", MAX_BLUR, maskBlur);
            }
            if (padding < 0 || padding > MAX_PADDING) {
                throw InferenceException.invalid(
                        "inpaint_full_res_padding",
                        "inpaint_full_res_padding must be in [0, %d], got %d",
                        MAX_PADDING,
                        padding);
            }
        }
    }

    private final RgbImage held; // what stays where nothing is drawn anew
    private final Optional<Mask> mask; // of its size, soft
    private final Optional<Area> area; // the part that is drawn, where it is not all
    private final RgbImage seen; // by the model, at its size
    private final byte[] seenMask; // (height, width) of the model's, or empty
    private final Fill fill;
    private final double usualStrength; // of a request that names none

    private ImageEdit(
            RgbImage held,
            Optional<Mask> mask,
            Optional<Area> area,
            RgbImage seen,
            byte[] seenMask,
            Fill fill,
            double usualStrength) {
        this.held = held;
        this.mask = mask;
        this.area = area;
        this.seen = seen;
        this.seenMask = seenMask;
        this.fill = fill;
        this.usualStrength = usualStrength;
    }

    /** As {@link #of(ImageFileReader.Read, Optional, Options, ModelInfo, int, int)}, at the model's size. */
    public static ImageEdit of(
            ImageFileReader.Read image, Optional<ImageFileReader.Read> mask, Options options, ModelInfo model) {
        return of(image, mask, options, model, model.width(), model.height());
    }

    /**
     * @param read the image; where it is transparent, no mask is given, and transparency marks, that part is drawn anew
     * @param mask of the same size
     * @param width of the finished image in pixels, unless only what is masked is drawn
     * @param height likewise
     * @throws InferenceException with code INVALID_REQUEST for a mask of another size, or one that marks nothing
     */
    public static ImageEdit of(
            ImageFileReader.Read read,
            Optional<ImageFileReader.Read> mask,
            Options options,
            ModelInfo model,
            int width,
            int height) {
        RgbImage image = read.image();
        Optional<Mask> marked = marked(read, mask, options.marks);
        Fill fill = options.fill;
        double usual = SourceImage.defaultStrength(model, marked.isPresent());
        if (marked.isPresent() && options.onlyMasked) {
            Mask soft = marked.get().blurred(options.maskBlur);
            Area area =
                    soft.bounds().grown(options.padding, image.width(), image.height(), model.width(), model.height());
            Mask sharp = Mask.ofGrey(Resampler.scale(marked.get().grey(), area, model.width(), model.height()));
            RgbImage whole = mask.isEmpty() ? MaskFill.fill(image, marked.get()) : image;
            RgbImage seen = Resampler.scale(filled(whole, marked.get(), fill), area, model.width(), model.height());
            return new ImageEdit(whole, Optional.of(soft), Optional.of(area), seen, sharp.share(), fill, usual);
        }
        RgbImage held = options.resize.fit(image, width, height);
        if (marked.isEmpty()) {
            RgbImage seen = ResizeMode.JUST_RESIZE.fit(held, model.width(), model.height());
            return new ImageEdit(held, Optional.empty(), Optional.empty(), seen, new byte[0], fill, usual);
        }
        Mask sharp = Mask.ofGrey(options.resize.fit(marked.get().grey(), width, height));
        if (mask.isEmpty()) {
            held = MaskFill.fill(held, sharp); // the white behind what is transparent is no part of the picture
        }
        Mask soft = sharp.blurred(options.maskBlur);
        RgbImage seen = ResizeMode.JUST_RESIZE.fit(filled(held, sharp, fill), model.width(), model.height());
        byte[] seenMask = width == model.width() && height == model.height()
                ? soft.share()
                : Mask.ofGrey(ResizeMode.JUST_RESIZE.fit(soft.grey(), model.width(), model.height()))
                        .share();
        return new ImageEdit(held, Optional.of(soft), Optional.empty(), seen, seenMask, fill, usual);
    }

    /**
     * Refuses what {@link #of} would refuse, without a model.
     *
     * @throws InferenceException as there
     */
    public static void check(ImageFileReader.Read image, Optional<ImageFileReader.Read> mask, MaskMarks marks) {
        marked(image, mask, marks);
    }

    private static Optional<Mask> marked(
            ImageFileReader.Read image, Optional<ImageFileReader.Read> mask, MaskMarks marks) {
        if (mask.isPresent()) {
            return Optional.of(Mask.of(mask.get(), image.image(), "mask", marks));
        }
        return marks == MaskMarks.TRANSPARENT && image.alpha().length > 0
                ? Optional.of(Mask.of(image, image.image(), "image", marks))
                : Optional.empty();
    }

    private static RgbImage filled(RgbImage image, Mask mask, Fill fill) {
        return fill == Fill.FILL ? MaskFill.fill(image, mask) : image;
    }

    /** What the model is to draw anew, at its {@link SourceImage#defaultStrength} where {@code strength} is absent. */
    public SourceImage source(OptionalDouble strength) {
        return source(strength.orElse(usualStrength));
    }

    /** What the model is to draw anew; {@code strength} in [0, 1]. */
    public SourceImage source(double strength) {
        SourceImage.MaskContent content =
                switch (fill) {
                    case FILL, ORIGINAL -> SourceImage.MaskContent.ORIGINAL;
                    case LATENT_NOISE -> SourceImage.MaskContent.LATENT_NOISE;
                    case LATENT_NOTHING -> SourceImage.MaskContent.LATENT_NOTHING;
                };
        return new SourceImage(seen, strength, seenMask, content);
    }

    /** The image with what was drawn in its place; the input's own bytes wherever nothing was. */
    public GeneratedImage finish(GeneratedImage drawn) {
        RgbImage anew = new RgbImage(drawn.width(), drawn.height(), drawn.rgb());
        RgbImage whole = area.isPresent()
                ? pasted(anew, area.get())
                : ResizeMode.JUST_RESIZE.fit(anew, held.width(), held.height());
        RgbImage blended = mask.map(marked -> marked.blend(whole, held)).orElse(whole);
        return new GeneratedImage(
                blended.width(), blended.height(), blended.rgb(), drawn.request(), drawn.timings(), drawn.warnings());
    }

    private RgbImage pasted(RgbImage anew, Area part) {
        RgbImage scaled =
                Resampler.scale(anew, new Area(0, 0, anew.width(), anew.height()), part.width(), part.height());
        byte[] rgb = held.rgb().clone();
        for (int y = 0; y < part.height(); y++) {
            int to = 3 * ((part.top() + y) * held.width() + part.left());
            System.arraycopy(scaled.rgb(), 3 * y * part.width(), rgb, to, 3 * part.width());
        }
        return new RgbImage(held.width(), held.height(), rgb);
    }
}
