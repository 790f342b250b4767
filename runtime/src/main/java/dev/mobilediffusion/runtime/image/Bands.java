package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.bundle.VaeConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * An image's rows of latents in overlapping bands, decoded one after the other. What a decoder without norms and
 * attention makes of a row depends on {@code receptiveRows} rows above and below; nearer than that to the cut, a band's
 * pixels are wrong, and another band has them. All bands are as high as each other, so one set of buffers serves them.
 *
 * <pre>
 * rows       0        16        32        48        64
 * band 1     |=========kept====|.....|
 * band 2               |.....|==kept==|.....|
 * band 3                          |.....|====kept======|
 * </pre>
 *
 * @param rows of latents that a band has
 * @param bands from top to bottom
 */
record Bands(int rows, List<Band> bands) {

    /**
     * @param first row of latents of the band
     * @param from first row that it is right about and no band above has
     * @param to row behind the last of these
     */
    record Band(int first, int from, int to) {}

    Bands {
        bands = List.copyOf(bands);
    }

    static Bands whole(int height) {
        return new Bands(height, List.of(new Band(0, 0, height)));
    }

    /** @param height of the latents; too few rows to be worth a cut make one band */
    static Bands overlapping(int height, int receptiveRows) {
        int rows = VaeConfig.bandRows(height, receptiveRows);
        int stride = rows - 2 * receptiveRows;
        if (rows == height) {
            return whole(height);
        }
        List<Band> bands = new ArrayList<>();
        int from = 0;
        while (from < height) {
            int first = Math.min(bands.size() * stride, height - rows);
            int to = first + rows == height ? height : first + rows - receptiveRows;
            bands.add(new Band(first, from, to));
            from = to;
        }
        return new Bands(rows, bands);
    }
}
