package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/** What a UNet predicts: {@code prediction_type} of a scheduler's config. */
enum PredictionType {
    /** The noise in the sample. */
    EPSILON,
    /** {@code alpha * noise - sigma * picture} (Salimans and Ho 2022, arXiv 2202.00512). */
    V_PREDICTION,
    /** The picture itself. */
    SAMPLE;

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
