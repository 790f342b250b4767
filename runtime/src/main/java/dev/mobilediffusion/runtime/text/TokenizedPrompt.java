package dev.mobilediffusion.runtime.text;

/**
 * A prompt as token ids.
 *
 * @param ids (maxLength): start, the prompt's tokens, end, padding
 * @param ignored what of the prompt did not fit, normalized; empty when all of it did
 */
public record TokenizedPrompt(int[] ids, String ignored) {

    public boolean isTruncated() {
        return !ignored.isEmpty();
    }
}
