package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.ImageCodec;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.worker.ImageEncoder;
import java.util.EnumSet;
import java.util.Set;

/**
 * Image files as the runtime writes them, with A1111's infotext inside.
 *
 * @param metadata whether infotext is written at all; a job can do without it even so
 */
record FileEncoder(boolean metadata) implements ImageEncoder {

    @Override
    public byte[] encode(GeneratedImage image, ModelInfo model, ImageFormat format, int quality, boolean wanted) {
        String infotext = metadata && wanted ? Infotext.of(image, model) : "";
        return ImageCodec.encode(image, written(format), Math.max(1, quality), infotext);
    }

    /** WebP needs a native library, which not every machine has. */
    static Set<ImageFormat> formats() {
        Set<ImageFormat> formats = EnumSet.allOf(ImageFormat.class);
        formats.removeIf(format -> !written(format).isAvailable());
        return formats;
    }

    private static ImageFormat written(ImageFormat format) {
        return switch (format) {
            case PNG -> ImageFormat.PNG;
            case JPEG -> ImageFormat.JPEG;
            case WEBP -> ImageFormat.WEBP;
        };
    }
}
