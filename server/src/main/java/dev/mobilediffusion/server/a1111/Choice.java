package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.runtime.image.ImageFormat;
import java.util.Optional;

/**
 * What a caller has set by {@code POST /options}, or sets for one request by {@code override_settings}. Immutable.
 *
 * @param checkpoint name of a model; empty for the server's default
 * @param format of the images
 * @param metadata whether settings are written into the images
 * @param previewEvery denoising steps between two previews; 0 for none
 */
record Choice(Optional<String> checkpoint, ImageFormat format, boolean metadata, int previewEvery) {

    static final Choice DEFAULT = new Choice(Optional.empty(), ImageFormat.PNG, true, 0);
}
