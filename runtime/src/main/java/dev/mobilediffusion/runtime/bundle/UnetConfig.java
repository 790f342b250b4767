package dev.mobilediffusion.runtime.bundle;

/**
 * What {@code unet/config.json} says.
 *
 * @param latentChannels channels of the latents, which go in and come out
 * @param inpaints whether a mask and the latents of what is left of an image go in behind them, as in bundles made for
 *     in-painting: nine channels where the latents have four
 * @param latentHeight native height of the latents
 * @param latentWidth native width of the latents
 * @param timeCondProjDim width of the guidance embedding that a distilled UNet takes (LCM); 0 when it takes none
 */
public record UnetConfig(int latentChannels, boolean inpaints, int latentHeight, int latentWidth, int timeCondProjDim) {

    private static final String NAME = "unet/config.json";

    static UnetConfig of(ConfigFile file) {
        int in = positive(file, "in_channels");
        int out = file.has("out_channels") ? positive(file, "out_channels") : in;
        if (in != out && in != inpaintingChannels(out)) {
            throw ConfigFile.invalid(
                    "%s: a UNet that takes %d channels and gives %d cannot run here: it must take as many, or %d with a"
                            + " mask and a masked picture (in-painting)",
                    NAME, in, out, inpaintingChannels(out));
        }
        float[] size = file.numbers("sample_size");
        if (size.length < 1 || size.length > 2 || !(size[0] >= 1) || !(size[size.length - 1] >= 1)) {
            throw ConfigFile.invalid(
                    "%s: sample_size (latent height and width, or one number for both) must be at least 1", NAME);
        }
        return new UnetConfig(
                out, in != out, (int) size[0], (int) size[size.length - 1], file.integer("time_cond_proj_dim", 0));
    }

    /** Channels that go in. */
    public int inputChannels() {
        return inpaints ? inpaintingChannels(latentChannels) : latentChannels;
    }

    /** Latents, one channel of mask, latents of the masked image. */
    private static int inpaintingChannels(int latents) {
        return 2 * latents + 1;
    }

    private static int positive(ConfigFile file, String key) {
        int value = file.integer(key);
        if (value < 1) {
            throw ConfigFile.invalid("%s: %s must be at least 1, got %d", file.name(), key, value);
        }
        return value;
    }
}
