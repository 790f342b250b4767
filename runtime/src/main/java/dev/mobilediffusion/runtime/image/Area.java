package dev.mobilediffusion.runtime.image;

/**
 * A rectangle of an image, in pixels.
 *
 * @param left first column
 * @param top first row
 */
record Area(int left, int top, int width, int height) {

    /** The largest part of an image with the shape of the target, in its middle. */
    static Area middle(int width, int height, int targetWidth, int targetHeight) {
        double zoom = Math.max((double) targetWidth / width, (double) targetHeight / height);
        int cutWidth = Math.clamp(Math.round(targetWidth / zoom), 1, width);
        int cutHeight = Math.clamp(Math.round(targetHeight / zoom), 1, height);
        return new Area((width - cutWidth) / 2, (height - cutHeight) / 2, cutWidth, cutHeight);
    }

    /**
     * This with {@code padding} around it, made as much wider or higher as the target's shape wants, within an image of
     * {@code width} by {@code height}.
     */
    Area grown(int padding, int width, int height, int targetWidth, int targetHeight) {
        int fromX = Math.max(0, left - padding);
        int fromY = Math.max(0, top - padding);
        int wide = Math.min(width, left + this.width + padding) - fromX;
        int high = Math.min(height, top + this.height + padding) - fromY;
        double shape = (double) targetWidth / targetHeight;
        int wanted = Math.min(width, Math.max(wide, (int) Math.round(high * shape)));
        int wantedHigh = Math.min(height, Math.max(high, (int) Math.round(wide / shape)));
        int x = Math.clamp(fromX - (wanted - wide) / 2, 0, width - wanted);
        int y = Math.clamp(fromY - (wantedHigh - high) / 2, 0, height - wantedHigh);
        return new Area(x, y, wanted, wantedHigh);
    }
}
