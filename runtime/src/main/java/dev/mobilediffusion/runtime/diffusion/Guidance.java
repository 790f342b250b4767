package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.CancelToken;
import java.util.Optional;

/**
 * Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598): {@code negative + scale * (positive - negative)}.
 * At a scale of 1 and below the negative prompt is not computed. Owned by one worker, which begins it for every image.
 */
public final class Guidance {

    private Denoiser denoiser;
    private final float[] negativePrediction; // (C, H, W)
    private float scale;
    private float[] positiveStates; // (L, D)
    private float[] negativeStates; // (L, D)

    public Guidance(Denoiser denoiser) {
        this.denoiser = denoiser;
        this.negativePrediction = new float[denoiser.sampleSize()];
        this.positiveStates = negativePrediction;
        this.negativeStates = negativePrediction;
    }

    /** Whether a request with this scale needs embeddings of its negative prompt. */
    public boolean needsNegativePrompt(double guidanceScale) {
        return guidanceScale > 1 && !denoiser.takesGuidanceScale();
    }

    /** Number of latents, all channels together. */
    public int sampleSize() {
        return negativePrediction.length;
    }

    /** Whether the scale goes into the network, see {@link Denoiser#takesGuidanceScale}. */
    public boolean isAnInput() {
        return denoiser.takesGuidanceScale();
    }

    /** Lets {@code other}, of the same latents and inputs, make the predictions from now on. */
    public void use(Denoiser other) {
        denoiser = other;
    }

    /**
     * Sets what the next image's predictions are made for.
     *
     * @param positive (L, D) embeddings of the prompt
     * @param negative (L, D) embeddings of the negative prompt, where it is needed
     */
    public void begin(double guidanceScale, float[] positive, Optional<float[]> negative) {
        scale = (float) guidanceScale;
        positiveStates = positive;
        negativeStates = negative.orElse(positive);
        if (denoiser.takesGuidanceScale()) {
            denoiser.passGuidanceScale(guidanceScale);
        }
    }

    /** See {@link Denoiser#inpaint}. */
    public void inpaint(float[] values) {
        denoiser.inpaint(values);
    }

    /** Gives memory back until the next prediction, see {@link Denoiser#rest}. */
    public void rest() {
        denoiser.rest();
    }

    /** Fills {@code prediction} with the guided prediction for {@code sample}, both (C, H, W). */
    public void predict(float[] sample, float timestep, float[] prediction, CancelToken cancel) {
        if (negativeStates == positiveStates) {
            denoiser.predict(sample, timestep, positiveStates, prediction, cancel);
            return;
        }
        denoiser.predictPair(sample, timestep, negativeStates, positiveStates, negativePrediction, prediction, cancel);
        for (int i = 0; i < prediction.length; i++) {
            prediction[i] = negativePrediction[i] + scale * (prediction[i] - negativePrediction[i]);
        }
    }
}
