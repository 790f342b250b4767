package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/** What a UNet predicts: {@code prediction_type} of a scheduler's config. */
enum PredictionType {
    /** The noise in the sample. */
    EPSILON,
    /** {@code alpha * noise - sigma * image} (Salimans and Ho 2022, arXiv 2202.00512). */
    V_PREDICTION,
    /** The image itself. */
    SAMPLE;

    /**
     * The image that the model sees in a sample.
     *
     * @param alpha the image's share in the sample, in (0, 1]
     * @param sigma the noise's share
     */
    float original(float alpha, float sigma, float modelOutput, float sample) {
        return switch (this) {
            case EPSILON -> (sample - sigma * modelOutput) / alpha;
            case V_PREDICTION -> alpha * sample - sigma * modelOutput;
            case SAMPLE -> modelOutput;
        };
    }

    /**
     * The noise that the model sees in a sample.
     *
     * @param alpha the image's share in the sample
     * @param sigma the noise's share, above 0 where the model predicts the image
     */
    float noise(float alpha, float sigma, float modelOutput, float sample) {
        return switch (this) {
            case EPSILON -> modelOutput;
            case V_PREDICTION -> alpha * modelOutput + sigma * sample;
            case SAMPLE -> (sample - alpha * modelOutput) / sigma;
        };
    }

    /** Refuses {@link #SAMPLE} for a scheduler whose diffusers original does not define it. */
    void refuseSample(ConfigFile config) {
        if (this == SAMPLE) {
            throw Schedulers.invalid(config, "prediction_type sample is not defined for this scheduler");
        }
    }

    static PredictionType of(ConfigFile config) {
        String name = config.text("prediction_type", "epsilon");
        return switch (name) {
            case "epsilon" -> EPSILON;
            case "v_prediction" -> V_PREDICTION;
            case "sample", "original_sample" -> SAMPLE;
            default ->
                throw Schedulers.invalid(
                        config, "prediction_type must be epsilon, v_prediction or sample, got %s", name);
        };
    }
}
