package dev.mobilediffusion.runtime.image;

/** Which part of a mask's file is drawn anew. Each API has its own custom. */
public enum MaskMarks {
    /** What is transparent, as in OpenAI's API; what is white, where the file is opaque everywhere. */
    TRANSPARENT("transparent, or white,"),
    /** What is white, as in A1111's; what is opaque, where the file is transparent anywhere. */
    WHITE("white, or opaque,"),
    /** All but what {@link #WHITE} marks. */
    BLACK("black, or transparent,");

    private final String words;

    MaskMarks(String words) {
        this.words = words;
    }

    /** For a sentence: what marks. */
    String words() {
        return words;
    }

    /** @return 255 where drawn anew, 0 where held */
    int ofAlpha(int alpha) {
        return this == WHITE ? alpha : 255 - alpha;
    }

    /** @return 255 where drawn anew, 0 where held */
    int ofBrightness(int brightness) {
        return this == BLACK ? 255 - brightness : brightness;
    }
}
