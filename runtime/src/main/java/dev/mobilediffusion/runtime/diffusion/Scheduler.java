package dev.mobilediffusion.runtime.diffusion;

/**
 * The way from noise to a picture in a given number of steps, as diffusers' scheduler of the same name walks it. Made
 * for one picture by {@link Schedulers#create}; may keep history between steps, so steps are taken in order, each once.
 * Latents are flat arrays of any shape.
 */
public interface Scheduler {

    /** What the UNet is told at each step, first to last; mostly in [0, 999], falling. */
    float[] timesteps();

    /** Standard deviation of the latents that the loop starts from. */
    default float initNoiseSigma() {
        return 1;
    }

    /**
     * Fills {@code scaled} with what the UNet sees of {@code sample}.
     *
     * @param step index into {@link #timesteps}
     */
    default void scaleModelInput(int step, float[] sample, float[] scaled) {
        System.arraycopy(sample, 0, scaled, 0, sample.length);
    }

    /**
     * Fills {@code original} with the latents of the picture that the model sees in {@code sample}, for previews.
     *
     * @param step index into {@link #timesteps}; to be called before {@link #step} takes it
     * @param modelOutput what the UNet predicted; only read
     * @param sample the latents; only read
     */
    void predictOriginal(int step, float[] modelOutput, float[] sample, float[] original);

    /**
     * Moves {@code sample} to the next noise level.
     *
     * @param step index into {@link #timesteps}
     * @param modelOutput what the UNet predicted; only read
     * @param sample the latents; overwritten
     * @param noise for schedulers that add fresh noise: the generator that gave the first latents
     */
    void step(int step, float[] modelOutput, float[] sample, GaussianNoise noise);
}
