package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * The way from noise to an image in a given number of steps, as diffusers' scheduler of the same name walks it. Made
 * for one image by {@link Schedulers#create}; may keep history between calls, so they are made in order, each once,
 * from any first one on. Latents are flat arrays of any shape.
 */
public interface Scheduler {

    /** What the UNet is told at each call, first to last; mostly in [0, 999], falling. */
    float[] timesteps();

    /** Calls of the UNet that a step takes, the last one perhaps fewer: 2 for methods that look ahead, else 1. */
    default int callsPerStep() {
        return 1;
    }

    /** Standard deviation of the latents that the loop starts from, when it starts from noise alone. */
    default float initNoiseSigma() {
        return 1;
    }

    /**
     * Fills {@code noisy} with the latents of an image as they are before a call, the noise that belongs there added.
     *
     * @param call index into {@link #timesteps}, the first of a step
     * @param original latents of the image
     * @param noise standard normal numbers, as many
     */
    void addNoise(int call, float[] original, float[] noise, float[] noisy);

    /**
     * Fills {@code scaled} with what the UNet sees of {@code sample}.
     *
     * @param call index into {@link #timesteps}
     */
    default void scaleModelInput(int call, float[] sample, float[] scaled) {
        System.arraycopy(sample, 0, scaled, 0, sample.length);
    }

    /**
     * Fills {@code original} with the latents of the image that the model sees in {@code sample}, for previews.
     *
     * @param call index into {@link #timesteps}; to be asked before {@link #step} takes it
     * @param modelOutput what the UNet predicted; only read
     * @param sample the latents; only read
     */
    void predictOriginal(int call, float[] modelOutput, float[] sample, float[] original);

    /**
     * Moves {@code sample} to the next noise level.
     *
     * @param call index into {@link #timesteps}
     * @param modelOutput what the UNet predicted; only read
     * @param sample the latents; overwritten
     * @param noise for schedulers that add fresh noise: the generator that gave the first latents
     */
    void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise);
}
