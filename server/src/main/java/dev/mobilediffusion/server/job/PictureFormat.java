package dev.mobilediffusion.server.job;

import java.util.Locale;

/** How a picture's bytes are encoded. */
public enum PictureFormat {
    PNG("image/png"),
    JPEG("image/jpeg"),
    WEBP("image/webp");

    private final String mediaType;

    PictureFormat(String mediaType) {
        this.mediaType = mediaType;
    }

    public String mediaType() {
        return mediaType;
    }

    /** The spelling in requests, replies and file names. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
