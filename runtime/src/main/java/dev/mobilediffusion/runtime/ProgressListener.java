package dev.mobilediffusion.runtime;

/** Hears how far a picture is. Called on the worker's thread, so implementations return at once and never throw. */
public interface ProgressListener {

    ProgressListener NONE = new ProgressListener() {};

    /** A stage begins. */
    default void onStage(Stage stage) {}

    /** Denoising step {@code step} of {@code steps} is done; the first is 1. */
    default void onStep(int step, int steps) {}
}
