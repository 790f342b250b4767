package dev.mobilediffusion.runtime.bundle;

import java.util.OptionalInt;

/**
 * What {@code vae_decoder/config.json} says. The decoder takes {@code latents * std / scalingFactor + mean +
 * shiftFactor}, std and mean being per channel, 1 and 0 where the config has none.
 *
 * @param latentChannels channels of the latents
 * @param scaleFactor pixels per latent, along each side
 * @param scalingFactor 1 / standard deviation of the encoder's latents
 * @param shiftFactor what is added after unscaling
 * @param latentsMean (latentChannels) or empty
 * @param latentsStd (latentChannels) or empty
 * @param receptiveRows how many rows of latents above, and as many below, a row of pixels depends on besides its own;
 *     empty where every pixel may depend on all latents, as with attention or norms
 */
public record VaeConfig(
        int latentChannels,
        int scaleFactor,
        float scalingFactor,
        float shiftFactor,
        float[] latentsMean,
        float[] latentsStd,
        OptionalInt receptiveRows) {

    private static final int BANDS = 3;

    private static final String NAME = "vae_decoder/config.json";

    /** Of the VAE in Stable Diffusion 1 and 2, whose older configs leave it out. */
    private static final double STABLE_DIFFUSION_SCALING = 0.18215;

    static VaeConfig of(ConfigFile file) {
        int channels = file.integer("latent_channels");
        double scaling = file.number("scaling_factor", STABLE_DIFFUSION_SCALING);
        if (!(scaling > 0)) {
            throw ConfigFile.invalid("%s: scaling_factor must be above 0, got %s", NAME, scaling);
        }
        return new VaeConfig(
                channels,
                scaleFactor(file),
                (float) scaling,
                (float) file.number("shift_factor", 0),
                perChannel(file, "latents_mean", channels),
                perChannel(file, "latents_std", channels),
                receptiveRows(file));
    }

    private static int scaleFactor(ConfigFile file) {
        if (file.has("vae_scale_factor")) {
            return file.integer("vae_scale_factor");
        }
        int blocks = file.numbers("block_out_channels").length;
        if (blocks < 1 || blocks > 8) {
            throw ConfigFile.invalid(
                    "%s: block_out_channels must list 1 to 8 widths (each but the last doubles the picture), got %d",
                    NAME, blocks);
        }
        return 1 << (blocks - 1);
    }

    /**
     * Rows of latents that a band has where {@code height} rows are decoded in three that overlap; {@code height} where
     * bands would not be smaller. More bands save little: the overlap weighs more with each.
     */
    public static int bandRows(int height, int receptiveRows) {
        int rows = Math.ceilDiv(height + 2 * receptiveRows * (BANDS - 1), BANDS);
        return rows > 2 * receptiveRows ? Math.min(rows, height) : height;
    }

    private static OptionalInt receptiveRows(ConfigFile file) {
        if (!file.has("receptive_rows")) {
            return OptionalInt.empty();
        }
        int rows = file.integer("receptive_rows");
        if (rows < 0) {
            throw ConfigFile.invalid("%s: receptive_rows must be 0 or more, got %d", NAME, rows);
        }
        return OptionalInt.of(rows);
    }

    private static float[] perChannel(ConfigFile file, String key, int channels) {
        float[] values = file.numbers(key);
        if (values.length != 0 && values.length != channels) {
            throw ConfigFile.invalid(
                    "%s: %s must have latent_channels = %d numbers, got %d", NAME, key, channels, values.length);
        }
        return values;
    }
}
