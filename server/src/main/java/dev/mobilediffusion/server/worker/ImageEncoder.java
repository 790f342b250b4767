package dev.mobilediffusion.server.worker;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.ImageFormat;

/** Pixels to bytes of an image file, with what drew them written into it where the format has a place for that. */
@FunctionalInterface
public interface ImageEncoder {

    /**
     * @param image already of the size that the job asked for
     * @param model that drew it
     * @param format to write
     * @param quality of a lossy format in [0, 100]
     * @param metadata whether what drew it may be written into it
     */
    byte[] encode(GeneratedImage image, ModelInfo model, ImageFormat format, int quality, boolean metadata);
}
