package dev.mobilediffusion.runtime.image;

import java.util.Locale;
import java.util.Optional;

/** The files that pictures can be written as. */
public enum ImageFormat {
    PNG("png", "image/png"),
    JPEG("jpeg", "image/jpeg");

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
