package dev.mobilediffusion.runtime;

import java.util.Locale;

/** The parts of drawing an image, in order; {@link #label} is their spelling in metrics, JSON and logs. */
public enum Stage {
    QUEUE,
    TOKENIZE,
    TEXT_ENCODER,
    UNET,
    VAE_DECODER,
    ENCODE;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
