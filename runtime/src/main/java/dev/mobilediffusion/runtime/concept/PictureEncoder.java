package dev.mobilediffusion.runtime.concept;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.image.Cutout;
import dev.mobilediffusion.runtime.image.VaeEncoder;

/**
 * Encodes cut-out things as a model's visual memory holds them: for each part of the picture, 2x2 latents and how much of
 * each is covered. The numbers of a part are by channel, coverage last, then by row, then by column.
 */
final class PictureEncoder implements AutoCloseable {

    private static final int PATCH = 2; // latents across a part

    private final ModelBundle bundle;
    private final VaeEncoder vae;

    /** @throws InferenceException when the bundle has no VAE encoder */
    PictureEncoder(ModelBundle bundle, RuntimeOptions options) {
        this.bundle = bundle;
        this.vae = VaeEncoder.load(bundle, options);
    }

    /** Pixels across a picture whose memory has {@code side} parts across. */
    static int pixels(ModelBundle bundle, int side) {
        return side * PATCH * bundle.vaeDecoder().scaleFactor();
    }

    /** Numbers of a part, for a model of so many channels. */
    static int numbers(ModelBundle bundle) {
        return PATCH * PATCH * (bundle.vaeDecoder().latentChannels() + 1);
    }

    /** @return (parts, numbers), row by row */
    float[] encode(Cutout thing) {
        float[] latents =
                vae.encode(thing.onGrey(bundle.width(), bundle.height()), float[]::new, new CancelToken()); // mean
        int factor = bundle.vaeDecoder().scaleFactor();
        int cells = thing.side() / factor;
        int across = bundle.width() / factor;
        int perChannel = across * (bundle.height() / factor);
        int corner =
                (bundle.height() - thing.side()) / 2 / factor * across + (bundle.width() - thing.side()) / 2 / factor;
        float[] coverage = thing.coverage(cells);
        int numbers = numbers(bundle);
        float[] parts = new float[cells / PATCH * (cells / PATCH) * numbers];
        for (int y = 0; y < cells; y++) {
            for (int x = 0; x < cells; x++) {
                int part = y / PATCH * (cells / PATCH) + x / PATCH;
                int inPart = y % PATCH * PATCH + x % PATCH;
                for (int channel = 0; channel < bundle.vaeDecoder().latentChannels(); channel++) {
                    parts[part * numbers + channel * PATCH * PATCH + inPart] =
                            latents[channel * perChannel + corner + y * across + x];
                }
                parts[(part + 1) * numbers - PATCH * PATCH + inPart] = 2 * coverage[y * cells + x] - 1;
            }
        }
        return parts;
    }

    @Override
    public void close() {
        vae.close();
    }
}
