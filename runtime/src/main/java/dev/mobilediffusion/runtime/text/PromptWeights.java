package dev.mobilediffusion.runtime.text;

/**
 * Weights of a prompt's tokens, put into effect as AUTOMATIC1111's web UI does: each token's vector times its weight, then
 * all times one factor that gives the whole the mean which it had before.
 */
final class PromptWeights {

    /**
     * A mean below this share of the mean magnitude is chance: a text tower whose last normalization has no bias centres
     * every vector. Restoring it would multiply by anything, so the weighted vectors stay as they are.
     */
    private static final double LEAST_MEAN = 0.01;

    private PromptWeights() {}

    /**
     * @param states (L, D) vectors, row by row; only read
     * @param weights (L)
     * @return (L, D), the caller's own
     */
    static float[] applied(float[] states, float[] weights) {
        int width = states.length / weights.length;
        float[] weighted = new float[states.length];
        double sum = 0;
        double weightedSum = 0;
        double magnitude = 0;
        for (int i = 0; i < states.length; i++) {
            weighted[i] = states[i] * weights[i / width];
            sum += states[i];
            weightedSum += weighted[i];
            magnitude += Math.abs(states[i]);
        }
        double least = LEAST_MEAN * magnitude;
        if (Math.abs(sum) >= least && Math.abs(weightedSum) >= least) {
            float factor = (float) (sum / weightedSum);
            for (int i = 0; i < weighted.length; i++) {
                weighted[i] *= factor;
            }
        }
        return weighted;
    }
}
