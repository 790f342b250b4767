package dev.mobilediffusion.runtime.image;

import java.util.Locale;
import java.util.Optional;

/** The files that images can be written as. */
public enum ImageFormat {
    PNG("png", "image/png"),
    JPEG("jpeg", "image/jpeg"),
    WEBP("webp", "image/webp");

    private final String label;
    private final String mediaType;

    ImageFormat(String label, String mediaType) {
        this.label = label;
        this.mediaType = mediaType;
    }

    /** Its spelling in requests, also the usual file name extension. */
    public String label() {
        return label;
    }

    public String mediaType() {
        return mediaType;
    }

    /** Whether this machine can write it: WebP needs a native library, which comes for Linux, macOS and Windows. */
    public boolean isAvailable() {
        return this != WEBP || WebpWriter.isAvailable();
    }

    /** The format called {@code name} in any case, {@code jpg} included; empty when it is not offered. */
    public static Optional<ImageFormat> of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (ImageFormat format : values()) {
            if (format.label.equals(lower) || (format == JPEG && lower.equals("jpg"))) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }
}
