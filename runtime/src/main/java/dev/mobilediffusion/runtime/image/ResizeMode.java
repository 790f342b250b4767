package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.RgbImage;

/** How an image of another shape becomes one of the model's, as A1111's {@code resize_mode} 0 to 2. */
public enum ResizeMode {
    /** Stretched. */
    JUST_RESIZE,
    /** Its middle, as much as has the shape. */
    CROP_AND_RESIZE,
    /** All of it, its edges drawn out to fill what is left. */
    RESIZE_AND_FILL;

    /** The very same image when it has that size. */
    public RgbImage fit(RgbImage image, int width, int height) {
        if (image.width() == width && image.height() == height) {
            return image;
        }
        Area whole = new Area(0, 0, image.width(), image.height());
        return switch (this) {
            case JUST_RESIZE -> Resampler.scale(image, whole, width, height);
            case CROP_AND_RESIZE ->
                Resampler.scale(image, Area.middle(image.width(), image.height(), width, height), width, height);
            case RESIZE_AND_FILL -> {
                double zoom = Math.min((double) width / image.width(), (double) height / image.height());
                int inner = Math.clamp(Math.round(image.width() * zoom), 1, width);
                int innerHeight = Math.clamp(Math.round(image.height() * zoom), 1, height);
                yield filled(Resampler.scale(image, whole, inner, innerHeight), width, height);
            }
        };
    }

    private static RgbImage filled(RgbImage inner, int width, int height) {
        int left = (width - inner.width()) / 2;
        int top = (height - inner.height()) / 2;
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            int row = Math.clamp(y - top, 0, inner.height() - 1) * inner.width();
            for (int x = 0; x < width; x++) {
                int column = Math.clamp(x - left, 0, inner.width() - 1);
                System.arraycopy(inner.rgb(), 3 * (row + column), rgb, 3 * (y * width + x), 3);
            }
        }
        return new RgbImage(width, height, rgb);
    }
}
