package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * Straight steps along the velocity of a flow-matching model, whose sample at noise level sigma is {@code (1 - sigma) *
 * image + sigma * noise}: {@code FlowMatchEulerDiscreteScheduler} (Lipman et al. 2022, arXiv 2210.02747; the shift of
 * Esser et al. 2024, arXiv 2403.03206, section 5.3.2).
 */
final class FlowMatchEulerScheduler implements Scheduler {

    static final String NAME = "FlowMatchEulerDiscreteScheduler";

    private final float[] sigmas; // (steps + 1), from about 1 to 0
    private final float[] timesteps; // (steps)

    FlowMatchEulerScheduler(ConfigFile config, int steps) {
        this(config, steps, 1);
    }

    /** @param begin where the first step begins, in (0, 1], before the shift; the others are where they always are */
    FlowMatchEulerScheduler(ConfigFile config, int steps, double begin) {
        Schedulers.refuse(
                config,
                "use_dynamic_shifting",
                "invert_sigmas",
                "use_karras_sigmas",
                "use_exponential_sigmas",
                "use_beta_sigmas",
                "stochastic_sampling");
        if (config.number("shift_terminal", 0) != 0) {
            throw Schedulers.invalid(config, "shift_terminal is not supported here; set it to null");
        }
        int trainSteps = config.integer("num_train_timesteps", 1000);
        double shift = config.number("shift", 1);
        // diffusers shifts the ends of the range once when it is made, and everything once more when steps are set
        double first = (float) shifted(1, shift);
        double last = (float) shifted(1.0 / trainSteps, shift);
        double[] range = Schedules.linspace(first * trainSteps, last * trainSteps, steps);
        sigmas = new float[steps + 1];
        timesteps = new float[steps];
        for (int i = 0; i < steps; i++) {
            double sigma = i == 0 ? Math.min(begin, range[i] / trainSteps) : range[i] / trainSteps;
            sigmas[i] = (float) shifted(sigma, shift);
            timesteps[i] = sigmas[i] * trainSteps;
        }
    }

    private static double shifted(double sigma, double shift) {
        return shift * sigma / (1 + (shift - 1) * sigma);
    }

    @Override
    public float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public void addNoise(int call, float[] original, float[] noise, float[] noisy) {
        float sigma = sigmas[call];
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] = sigma * noise[i] + (1 - sigma) * original[i];
        }
    }

    @Override
    public void predictOriginal(int call, float[] modelOutput, float[] sample, float[] original) {
        for (int i = 0; i < sample.length; i++) {
            original[i] = sample[i] - sigmas[call] * modelOutput[i];
        }
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float dt = sigmas[call + 1] - sigmas[call];
        for (int i = 0; i < sample.length; i++) {
            sample[i] += dt * modelOutput[i];
        }
    }
}
