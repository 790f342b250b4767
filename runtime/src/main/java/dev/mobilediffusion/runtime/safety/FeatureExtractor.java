package dev.mobilediffusion.runtime.safety;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.Locale;
import java.util.Optional;

/**
 * What makes pixels ready for CLIP's eye: resized by the shorter edge or to a size, the middle cut out, scaled and
 * normalised, as transformers' {@code CLIPImageProcessor} does by {@code feature_extractor/preprocessor_config.json}.
 *
 * @param filter that resizes; empty where the image keeps its size
 * @param shortestEdge in pixels that the shorter side gets; 0 where {@code width} and {@code height} are given
 * @param width in pixels that is resized to; 0 with {@code shortestEdge}
 * @param height in pixels that is resized to; 0 with {@code shortestEdge}
 * @param cropWidth of the middle that is cut out, in pixels; 0 for all
 * @param cropHeight of the middle that is cut out, in pixels; 0 for all
 * @param factor that bytes in [0, 255] are multiplied with
 * @param mean (3) that is then taken away
 * @param std (3) that is then divided by, each above 0
 */
record FeatureExtractor(
        Optional<PillowResize> filter,
        int shortestEdge,
        int width,
        int height,
        int cropWidth,
        int cropHeight,
        float factor,
        float[] mean,
        float[] std) {

    private static final int COLOURS = 3;
    private static final int MAX_PIXELS = 4096; // along a side
    private static final int CLIP_PIXELS = 224;
    private static final float[] CLIP_MEAN = {0.4814547f, 0.4578275f, 0.4082107f};
    private static final float[] CLIP_STD = {0.2686295f, 0.2613026f, 0.2757771f};

    /** Pixels of an axis. */
    private record Size(int shortestEdge, int width, int height) {

        /** {@code key}: a number, or an object with {@code shortest_edge}, or {@code height} and {@code width}. */
        static Size of(ConfigFile config, String key, boolean numberIsShortestEdge) {
            if (!config.has(key)) {
                return numberIsShortestEdge ? new Size(CLIP_PIXELS, 0, 0) : new Size(0, CLIP_PIXELS, CLIP_PIXELS);
            }
            if (config.isObject(key)) {
                ConfigFile sides = config.section(key);
                return sides.has("shortest_edge")
                        ? new Size(side(sides, "shortest_edge"), 0, 0)
                        : new Size(0, side(sides, "width"), side(sides, "height"));
            }
            int pixels = side(config, key);
            return numberIsShortestEdge ? new Size(pixels, 0, 0) : new Size(0, pixels, pixels);
        }

        private static int side(ConfigFile config, String key) {
            int pixels = config.integer(key);
            if (pixels < 1 || pixels > MAX_PIXELS) {
                throw invalid("%s: %s must be in [1, %d], got %d", config.name(), key, MAX_PIXELS, pixels);
            }
            return pixels;
        }
    }

    /** Reads the config; what it leaves out is CLIP's. */
    static FeatureExtractor of(ConfigFile config) {
        boolean resizes = config.flag("do_resize", true);
        boolean crops = config.flag("do_center_crop", true);
        Size size = Size.of(config, "size", true);
        Size crop = Size.of(config, "crop_size", false);
        if (crops && crop.shortestEdge() > 0) {
            throw invalid("%s: crop_size must be a number, or height and width", config.name());
        }
        int number = config.integer("resample", 3);
        PillowResize filter = PillowResize.ofNumber(number)
                .orElseThrow(() -> invalid(
                        "%s: resample must be 1 (Lanczos), 2 (bilinear) or 3 (bicubic), got %d",
                        config.name(), number));
        boolean normalizes = config.flag("do_normalize", true);
        return new FeatureExtractor(
                resizes ? Optional.of(filter) : Optional.empty(),
                size.shortestEdge(),
                size.width(),
                size.height(),
                crops ? crop.width() : 0,
                crops ? crop.height() : 0,
                config.flag("do_rescale", true) ? (float) config.number("rescale_factor", 1 / 255.0) : 1,
                normalizes ? perColour(config, "image_mean", CLIP_MEAN) : new float[COLOURS],
                normalizes ? positive(config, perColour(config, "image_std", CLIP_STD)) : new float[] {1, 1, 1});
    }

    /**
     * The middle of an image, as the network takes it.
     *
     * @param pixels (3, H, W), overwritten: planes, row by row
     * @param columns W
     * @param rows H
     */
    void apply(RgbImage image, float[] pixels, int columns, int rows) {
        RgbImage resized = resized(image);
        int left = (resized.width() - columns) / 2;
        int top = (resized.height() - rows) / 2;
        for (int colour = 0; colour < COLOURS; colour++) {
            for (int y = 0; y < rows; y++) {
                for (int x = 0; x < columns; x++) {
                    int value = resized.rgb()[((top + y) * resized.width() + left + x) * COLOURS + colour] & 0xff;
                    pixels[(colour * rows + y) * columns + x] = (value * factor - mean[colour]) / std[colour];
                }
            }
        }
    }

    /** Width of what {@link #apply} makes of an image of {@code imageWidth} by {@code imageHeight} pixels. */
    int columns(int imageWidth, int imageHeight) {
        int resized = resizedWidth(imageWidth, imageHeight);
        return cropped(cropWidth, resized);
    }

    /** Height of what {@link #apply} makes of an image of {@code imageWidth} by {@code imageHeight} pixels. */
    int rows(int imageWidth, int imageHeight) {
        return cropped(cropHeight, resizedHeight(imageWidth, imageHeight));
    }

    private static int cropped(int crop, int side) {
        if (crop > side) {
            throw invalid(
                    "feature_extractor/preprocessor_config.json: crop_size must be at most what size makes of a"
                            + " picture, %d pixels, got %d",
                    side, crop);
        }
        return crop == 0 ? side : crop;
    }

    private RgbImage resized(RgbImage image) {
        return filter.map(present -> present.resize(
                        image,
                        resizedWidth(image.width(), image.height()),
                        resizedHeight(image.width(), image.height())))
                .orElse(image);
    }

    private int resizedWidth(int imageWidth, int imageHeight) {
        if (filter.isEmpty()) {
            return imageWidth;
        }
        return shortestEdge == 0 ? width : alongShortestEdge(imageWidth, imageHeight);
    }

    private int resizedHeight(int imageWidth, int imageHeight) {
        if (filter.isEmpty()) {
            return imageHeight;
        }
        return shortestEdge == 0 ? height : alongShortestEdge(imageHeight, imageWidth);
    }

    private int alongShortestEdge(int side, int other) {
        return side <= other ? shortestEdge : (int) ((long) shortestEdge * side / other);
    }

    private static float[] perColour(ConfigFile config, String key, float[] absent) {
        float[] values = config.has(key) ? config.numbers(key) : absent;
        if (values.length != COLOURS) {
            throw invalid("%s: %s must have %d numbers, got %d", config.name(), key, COLOURS, values.length);
        }
        return values;
    }

    private static float[] positive(ConfigFile config, float[] values) {
        for (float value : values) {
            if (!(value > 0)) {
                throw invalid("%s: image_std must be above 0, got %s", config.name(), value);
            }
        }
        return values;
    }

    private static InferenceException invalid(String format, Object... args) {
        return new InferenceException(InferenceException.Code.INVALID_BUNDLE, String.format(Locale.ROOT, format, args));
    }
}
