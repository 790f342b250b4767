package dev.mobilediffusion.server.generation;

import java.util.Locale;

/** The fields of a request for images. Each API has its own spelling of some: {@link FieldNames}. */
public enum Field {
    PROMPT,
    NEGATIVE_PROMPT,
    MODEL,
    SEED,
    STEPS,
    GUIDANCE_SCALE,
    /** Images of one request. */
    N,
    WIDTH,
    HEIGHT,
    FORMAT,
    QUALITY,
    /** Looks at each unfinished image. */
    PREVIEWS,
    /** An image to be drawn anew. */
    IMAGE,
    /** Which part of it. */
    MASK,
    /** How much of it. */
    STRENGTH,
    MASK_BLUR,
    PADDING,
    /** A picture whose lines are followed. */
    CONTROL_IMAGE,
    /** How strongly. */
    CONTROL_SCALE,
    /** What makes a control image of it. */
    CONTROL_PREPROCESSOR,
    TIMEOUT_SECONDS;

    /** The spelling where an API has no other. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
