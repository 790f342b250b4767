package dev.mobilediffusion.runtime.upscale;

import dev.mobilediffusion.runtime.RgbImage;

/**
 * A part of an image that is drawn anew.
 *
 * @param canvas whose pixels are written to
 * @param left first column, in pixels
 * @param top first row
 */
record Tile(RgbImage canvas, int left, int top, int width, int height) {

    private static final int COLOURS = 3;

    /** Its pixels now. */
    RgbImage cut() {
        byte[] rgb = new byte[COLOURS * width * height];
        for (int y = 0; y < height; y++) {
            System.arraycopy(canvas.rgb(), at(y), rgb, COLOURS * y * width, COLOURS * width);
        }
        return new RgbImage(width, height, rgb);
    }

    /**
     * Puts new pixels in their place, faded over what is there.
     *
     * @param rgb (height, width, 3)
     * @param columns that overlap the tile on the left, over which they fade in; 0 for none
     * @param rows likewise above
     */
    void fadeIn(byte[] rgb, int columns, int rows) {
        for (int y = 0; y < height; y++) {
            float share = share(y, rows);
            int row = at(y);
            for (int x = 0; x < width; x++) {
                float weight = share * share(x, columns);
                for (int colour = 0; colour < COLOURS; colour++) {
                    int place = row + COLOURS * x + colour;
                    int was = canvas.rgb()[place] & 0xff;
                    int is = rgb[COLOURS * (y * width + x) + colour] & 0xff;
                    canvas.rgb()[place] = (byte) Math.round(was + weight * (is - was));
                }
            }
        }
    }

    private static float share(int position, int overlap) {
        return position >= overlap ? 1 : (position + 0.5f) / overlap;
    }

    private int at(int y) {
        return COLOURS * ((top + y) * canvas.width() + left);
    }
}
