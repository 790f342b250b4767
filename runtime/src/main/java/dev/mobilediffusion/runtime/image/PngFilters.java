package dev.mobilediffusion.runtime.image;

/**
 * PNG's row filters: each byte is replaced by its difference from a prediction, and every row takes the filter whose
 * differences are smallest in sum, which is what deflate compresses best.
 */
final class PngFilters {

    private static final int PIXEL = 3; // bytes
    private static final int KINDS = 5; // none, sub, up, average, Paeth

    private final int rowBytes;
    private final byte[] candidate;
    private final byte[] best;

    PngFilters(int rowBytes) {
        this.rowBytes = rowBytes;
        this.candidate = new byte[rowBytes];
        this.best = new byte[rowBytes];
    }

    /**
     * @param rgb rows of {@code rowBytes}
     * @return the rows, each with its filter's number before it
     */
    byte[] filter(byte[] rgb) {
        int rows = rgb.length / rowBytes;
        byte[] filtered = new byte[rows * (rowBytes + 1)];
        for (int row = 0; row < rows; row++) {
            int kind = chooseBest(rgb, row * rowBytes, row > 0);
            filtered[row * (rowBytes + 1)] = (byte) kind;
            System.arraycopy(best, 0, filtered, row * (rowBytes + 1) + 1, rowBytes);
        }
        return filtered;
    }

    private int chooseBest(byte[] rgb, int from, boolean hasRowAbove) {
        int bestKind = 0;
        long bestSum = Long.MAX_VALUE;
        for (int kind = 0; kind < KINDS; kind++) {
            long sum = apply(kind, rgb, from, hasRowAbove);
            if (sum < bestSum) {
                bestSum = sum;
                bestKind = kind;
                System.arraycopy(candidate, 0, best, 0, rowBytes);
            }
        }
        return bestKind;
    }

    /** Fills {@link #candidate}; returns the sum of its absolute values. */
    private long apply(int kind, byte[] rgb, int from, boolean hasRowAbove) {
        long sum = 0;
        for (int i = 0; i < rowBytes; i++) {
            int at = from + i;
            int left = i >= PIXEL ? rgb[at - PIXEL] & 0xff : 0;
            int up = hasRowAbove ? rgb[at - rowBytes] & 0xff : 0;
            int upLeft = hasRowAbove && i >= PIXEL ? rgb[at - rowBytes - PIXEL] & 0xff : 0;
            int predicted = predict(kind, left, up, upLeft);
            candidate[i] = (byte) (rgb[at] - predicted);
            sum += Math.abs(candidate[i]);
        }
        return sum;
    }

    private static int predict(int kind, int left, int up, int upLeft) {
        return switch (kind) {
            case 1 -> left;
            case 2 -> up;
            case 3 -> (left + up) / 2;
            case 4 -> paeth(left, up, upLeft);
            default -> 0;
        };
    }

    private static int paeth(int left, int up, int upLeft) {
        int estimate = left + up - upLeft;
        int toLeft = Math.abs(estimate - left);
        int toUp = Math.abs(estimate - up);
        int toUpLeft = Math.abs(estimate - upLeft);
        if (toLeft <= toUp && toLeft <= toUpLeft) {
            return left;
        }
        return toUp <= toUpLeft ? up : upLeft;
    }
}
