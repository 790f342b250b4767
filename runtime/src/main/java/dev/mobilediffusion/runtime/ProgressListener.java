package dev.mobilediffusion.runtime;

/** Hears how far an image is. Called on the worker's thread, so implementations return at once and never throw. */
public interface ProgressListener {

    ProgressListener NONE = new ProgressListener() {};

    /** A stage begins. */
    default void onStage(Stage stage) {}

    /** Denoising step {@code step} of {@code steps} is done; the first is 1. */
    default void onStep(int step, int steps) {}

    /**
     * Whether the image as the model sees it after this step is wanted. Costs as much as decoding the finished one,
     * and is never asked of the last step.
     */
    default boolean wantsPreview(int step, int steps) {
        return false;
    }

    /** The image as the model saw it at step {@code step}; its timings are empty. */
    default void onPreview(int step, GeneratedImage preview) {}
}
