package dev.mobilediffusion.runtime.image;

/**
 * PNG's row filter by Paeth: each byte is replaced by its difference from the nearest of left, above and above left to
 * their plane's continuation. On what a decoder draws it beats the other four on nearly every row, so no row is tried
 * with another.
 */
final class PngFilters {

    private static final int PIXEL = 3; // bytes
    private static final byte PAETH = 4;

    private PngFilters() {}

    /**
     * @param rgb rows of {@code rowBytes}
     * @param from first row, in [0, {@code to})
     * @param to row after the last
     * @return these rows, each with its filter's number before it
     */
    static byte[] paeth(byte[] rgb, int rowBytes, int from, int to) {
        byte[] filtered = new byte[(to - from) * (rowBytes + 1)];
        int[] above = new int[PIXEL + rowBytes]; // begins with the black pixel left of the row
        int[] row = new int[PIXEL + rowBytes];
        if (from > 0) {
            read(rgb, (from - 1) * rowBytes, above);
        }
        int[] residual = new int[rowBytes];
        for (int y = from; y < to; y++) {
            read(rgb, y * rowBytes, row);
            subtract(row, above, residual);
            int at = (y - from) * (rowBytes + 1);
            filtered[at] = PAETH;
            for (int i = 0; i < rowBytes; i++) {
                filtered[at + 1 + i] = (byte) residual[i];
            }
            int[] free = above;
            above = row;
            row = free;
        }
        return filtered;
    }

    private static void read(byte[] rgb, int from, int[] row) {
        for (int i = 0; i < row.length - PIXEL; i++) {
            row[PIXEL + i] = rgb[from + i] & 0xFF;
        }
    }

    /** Without a branch: which neighbour is nearest is a toss-up, and a processor's guess wrong half of the time. */
    private static void subtract(int[] row, int[] above, int[] residual) {
        for (int i = 0; i < residual.length; i++) {
            int left = row[i];
            int up = above[i + PIXEL];
            int upLeft = above[i];
            int toLeft = Math.abs(up - upLeft);
            int toUp = Math.abs(left - upLeft);
            int toUpLeft = Math.abs(left + up - 2 * upLeft);
            int upIsNearer = (toUp - toLeft) >> 31; // all ones for yes
            int upLeftIsNearer = (toUpLeft - Math.min(toLeft, toUp)) >> 31;
            int nearer = left ^ ((left ^ up) & upIsNearer);
            int nearest = nearer ^ ((nearer ^ upLeft) & upLeftIsNearer);
            residual[i] = row[i + PIXEL] - nearest;
        }
    }
}
