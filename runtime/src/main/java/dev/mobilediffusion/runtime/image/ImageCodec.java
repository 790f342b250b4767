package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.GeneratedImage;

/**
 * Writes images as files. Equal images, text and quality give equal bytes on one machine. Thread-safe.
 *
 * <pre>{@code
 * byte[] file = ImageCodec.encode(image, ImageFormat.PNG, ImageCodec.DEFAULT_QUALITY, Infotext.of(image, model.model()));
 * }</pre>
 */
public final class ImageCodec {

    /** Of lossy formats: no artefacts that one sees at arm's length. */
    public static final int DEFAULT_QUALITY = 92;

    private ImageCodec() {}

    /**
     * @param quality of lossy formats, in [1, 100]; PNG is lossless and ignores it
     * @param infotext the settings that made the image, kept in the file's metadata; empty for none
     */
    public static byte[] encode(GeneratedImage image, ImageFormat format, int quality, String infotext) {
        if (quality < 1 || quality > 100) {
            throw new IllegalArgumentException("quality must be in [1, 100], got " + quality);
        }
        return switch (format) {
            case PNG -> PngWriter.write(image, infotext);
            case JPEG -> JpegWriter.write(image, quality, infotext);
            case WEBP -> WebpWriter.write(image, quality, infotext);
        };
    }
}
