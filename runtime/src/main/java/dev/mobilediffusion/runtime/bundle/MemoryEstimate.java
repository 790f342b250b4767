package dev.mobilediffusion.runtime.bundle;

import dev.mobilediffusion.runtime.RuntimeOptions;

/**
 * What a model will hold in RAM, by a rule of thumb that errs on the large side: its weights as single-precision
 * numbers, which most operators need, with a second copy repacked for speed; and the decoder's widest layer, several
 * times, at full size.
 */
final class MemoryEstimate {

    private static final double COPIES_FOR_SPEED = 1.3;
    private static final double COPIES_WHEN_SMALL = 1.1;

    /** Of the widest full-size layer of the decoder: input, output, and what a convolution unfolds. */
    private static final int LAYERS_AT_ONCE = 4;

    private MemoryEstimate() {}

    static long of(ModelBundle bundle, RuntimeOptions.MemoryProfile profile) {
        long weights = 0;
        for (NetworkSummary network : bundle.networks().values()) {
            weights += Math.max(network.bytes(), network.parameters() * Float.BYTES);
        }
        double copies = profile == RuntimeOptions.MemoryProfile.SPEED ? COPIES_FOR_SPEED : COPIES_WHEN_SMALL;
        float[] widths =
                ConfigFile.read(bundle.folder(), "vae_decoder/config.json").numbers("block_out_channels");
        double width = widths.length == 0 ? 128 : widths[Math.min(1, widths.length - 1)];
        double layers = LAYERS_AT_ONCE * width * bundle.width() * bundle.height() * Float.BYTES;
        return (long) (weights * copies + layers);
    }
}
