package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.Picture;

/** How a picture of another shape becomes one of the model's, as A1111's {@code resize_mode} 0 to 2. */
public enum ResizeMode {
    /** Stretched. */
    JUST_RESIZE,
    /** Its middle, as much as has the shape. */
    CROP_AND_RESIZE,
    /** All of it, its edges drawn out to fill what is left. */
    RESIZE_AND_FILL;

    /** The very same picture when it has that size. */
    public Picture fit(Picture picture, int width, int height) {
        if (picture.width() == width && picture.height() == height) {
            return picture;
        }
        Area whole = new Area(0, 0, picture.width(), picture.height());
        return switch (this) {
            case JUST_RESIZE -> Resampler.scale(picture, whole, width, height);
            case CROP_AND_RESIZE ->
                Resampler.scale(picture, Area.middle(picture.width(), picture.height(), width, height), width, height);
            case RESIZE_AND_FILL -> {
                double zoom = Math.min((double) width / picture.width(), (double) height / picture.height());
                int inner = Math.clamp(Math.round(picture.width() * zoom), 1, width);
                int innerHeight = Math.clamp(Math.round(picture.height() * zoom), 1, height);
                yield filled(Resampler.scale(picture, whole, inner, innerHeight), width, height);
            }
        };
    }

    private static Picture filled(Picture inner, int width, int height) {
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
        return new Picture(width, height, rgb);
    }
}
