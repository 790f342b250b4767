package dev.mobilediffusion.runtime.text;

/**
 * A prompt as token ids.
 *
 * @param ids (maxLength): start, the prompt's tokens, end, padding
 * @param weights (maxLength) how much each token counts; 1 for start, end and padding
 * @param ignored what of the prompt did not fit, normalized; empty when all of it did
 */
public record TokenizedPrompt(int[] ids, float[] weights, String ignored) {

    public boolean isTruncated() {
        return !ignored.isEmpty();
    }

    /** Whether any token counts more or less than the rest. */
    public boolean isWeighted() {
        for (float weight : weights) {
            if (weight != 1) {
                return true;
            }
        }
        return false;
    }
}
