package dev.mobilediffusion.runtime;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What makes a control image of a picture, for a control network that was trained on such images. */
public enum Preprocessor {
    /** The picture is a control image already. */
    NONE,
    /** White edges on black, as OpenCV's Canny finds them with the thresholds 100 and 200. */
    EDGES,
    /** Dark lines on light paper become light ones on black. */
    INVERT;

    /** As APIs and files spell it: {@code edges}. */
    public String spelling() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** All, as APIs and files spell them. */
    public static List<String> spellings() {
        return Arrays.stream(values()).map(Preprocessor::spelling).toList();
    }

    /** The one that is spelt so; empty when there is none. */
    public static Optional<Preprocessor> spelt(String text) {
        return Arrays.stream(values())
                .filter(one -> one.spelling().equals(text))
                .findFirst();
    }
}
