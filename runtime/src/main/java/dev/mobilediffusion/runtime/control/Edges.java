package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.RgbImage;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Edges by Canny (1986, doi 10.1109/TPAMI.1986.4767851), number for number as OpenCV's {@code Canny} finds them with an
 * aperture of 3 and L1 norms, since control networks are trained on its edges: Sobel gradients of the colour that changes
 * most, thinned to their ridges, and of weak ones those that touch strong ones.
 */
final class Edges {

    static final int LOW = 100;
    static final int HIGH = 200;

    private static final int COLOURS = 3;

    /** tan 22.5°, as a fraction of 2^15. */
    private static final int SHIFT = 15;

    private static final int TANGENT = (int) Math.round((Math.sqrt(2) - 1) * (1 << SHIFT));

    private final int width;
    private final int height;
    private final byte[] rgb;
    private final int[] across; // (H, W) gradients from left to right, of the colour that changes most
    private final int[] down; // (H, W)
    private final int[] norms; // (H + 2, W + 2), zeros around

    private Edges(RgbImage image) {
        width = image.width();
        height = image.height();
        rgb = image.rgb();
        across = new int[width * height];
        down = new int[width * height];
        norms = new int[(width + 2) * (height + 2)];
    }

    /** White edges on black. */
    static RgbImage of(RgbImage image, int low, int high) {
        Edges edges = new Edges(image);
        edges.differentiate();
        return new RgbImage(image.width(), image.height(), edges.linked(low, high));
    }

    private void differentiate() {
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                int best = -1;
                for (int colour = 0; colour < COLOURS; colour++) {
                    int dx = value(x + 1, y - 1, colour)
                            + 2 * value(x + 1, y, colour)
                            + value(x + 1, y + 1, colour)
                            - value(x - 1, y - 1, colour)
                            - 2 * value(x - 1, y, colour)
                            - value(x - 1, y + 1, colour);
                    int dy = value(x - 1, y + 1, colour)
                            + 2 * value(x, y + 1, colour)
                            + value(x + 1, y + 1, colour)
                            - value(x - 1, y - 1, colour)
                            - 2 * value(x, y - 1, colour)
                            - value(x + 1, y - 1, colour);
                    int norm = Math.abs(dx) + Math.abs(dy);
                    if (norm > best) {
                        best = norm;
                        across[at] = dx;
                        down[at] = dy;
                    }
                }
                norms[(y + 1) * (width + 2) + x + 1] = best;
            }
        }
    }

    /** The nearest pixel's where there is none. */
    private int value(int x, int y, int colour) {
        int column = Math.clamp(x, 0, width - 1);
        int row = Math.clamp(y, 0, height - 1);
        return rgb[(row * width + column) * COLOURS + colour] & 0xff;
    }

    private byte[] linked(int low, int high) {
        boolean[] weak = new boolean[width * height];
        boolean[] edge = new boolean[width * height];
        Deque<Integer> open = new ArrayDeque<>();
        for (int at = 0; at < weak.length; at++) {
            int norm = norm(at, 0, 0);
            if (norm > low && isRidge(at)) {
                weak[at] = true;
                if (norm > high) {
                    edge[at] = true;
                    open.add(at);
                }
            }
        }
        while (!open.isEmpty()) {
            int at = open.pop();
            for (int y = Math.max(0, at / width - 1); y <= Math.min(height - 1, at / width + 1); y++) {
                for (int x = Math.max(0, at % width - 1); x <= Math.min(width - 1, at % width + 1); x++) {
                    int near = y * width + x;
                    if (weak[near] && !edge[near]) {
                        edge[near] = true;
                        open.add(near);
                    }
                }
            }
        }
        byte[] drawn = new byte[COLOURS * width * height];
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = (byte) (edge[i / COLOURS] ? 255 : 0);
        }
        return drawn;
    }

    /** Whether the gradient is largest here along its own direction. */
    private boolean isRidge(int at) {
        int norm = norm(at, 0, 0);
        long dx = Math.abs(across[at]);
        long dy = (long) Math.abs(down[at]) << SHIFT;
        long flat = dx * TANGENT;
        if (dy < flat) {
            return norm > norm(at, -1, 0) && norm >= norm(at, 1, 0);
        }
        long steep = flat + (dx << (SHIFT + 1));
        if (dy > steep) {
            return norm > norm(at, 0, -1) && norm >= norm(at, 0, 1);
        }
        int side = (across[at] ^ down[at]) < 0 ? -1 : 1;
        return norm > norm(at, -side, -1) && norm > norm(at, side, 1);
    }

    private int norm(int at, int right, int below) {
        return norms[(at / width + 1 + below) * (width + 2) + at % width + 1 + right];
    }
}
