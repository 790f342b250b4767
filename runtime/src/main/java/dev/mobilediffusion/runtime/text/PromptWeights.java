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
     * @param states (R, D) vectors, row by row, R at least L; only read
     * @param weights (L)
     * @param width D
     * @return (R, D), the caller's own; rows behind the tokens' are as they were
     */
    static float[] applied(float[] states, float[] weights, int width) {
        int weighable = weights.length * width;
        float[] weighted = states.clone();
        double sum = 0;
        double weightedSum = 0;
        double magnitude = 0;
        for (int i = 0; i < weighable; i++) {
            weighted[i] = states[i] * weights[i / width];
            sum += states[i];
            weightedSum += weighted[i];
            magnitude += Math.abs(states[i]);
        }
        double least = LEAST_MEAN * magnitude;
        if (Math.abs(sum) >= least && Math.abs(weightedSum) >= least) {
            float factor = (float) (sum / weightedSum);
            for (int i = 0; i < weighable; i++) {
                weighted[i] *= factor;
            }
        }
        return weighted;
    }
}
