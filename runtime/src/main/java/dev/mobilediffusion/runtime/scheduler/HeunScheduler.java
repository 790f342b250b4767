package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * Heun's method, which looks at the slope on both ends of a step (Karras et al. 2022, algorithm 1): {@code
 * HeunDiscreteScheduler}. Two calls a step, but for the last, which is Euler's.
 */
final class HeunScheduler extends SigmaScheduler {

    private final float[] sigmas; // (steps + 1), falling to 0
    private final float clipRange; // infinite for none
    private float[] first = {}; // (latents), the sample that the step began from
    private float[] slope = {}; // (latents), there

    HeunScheduler(ConfigFile config, int steps) {
        this(config, Plan.of(config, NoiseSchedule.ofSigmas(config, LATE_BETA_START, LATE_BETA_END), steps));
    }

    private HeunScheduler(ConfigFile config, Plan plan) {
        super(config, twice(plan.sigmas(), plan.timesteps().length), twice(plan.timesteps(), plan.timesteps().length));
        sigmas = Schedules.toFloats(plan.sigmas());
        clipRange = config.flag("clip_sample", false)
                ? (float) config.number("clip_sample_range", 1)
                : Float.POSITIVE_INFINITY;
    }

    /** Each of the first {@code count} values twice, the first one once. */
    private static float[] twice(double[] values, int count) {
        float[] doubled = new float[2 * count - 1];
        for (int i = 0; i < doubled.length; i++) {
            doubled[i] = (float) values[(i + 1) / 2];
        }
        return doubled;
    }

    @Override
    public int callsPerStep() {
        return 2;
    }

    @Override
    float limited(float original) {
        return Math.clamp(original, -clipRange, clipRange);
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        if (first.length != sample.length) {
            first = new float[sample.length];
            slope = new float[sample.length];
        }
        float from = sigmas[call / 2];
        float to = sigmas[call / 2 + 1];
        float dt = to - from;
        if (call % 2 == 0) {
            System.arraycopy(sample, 0, first, 0, sample.length);
            for (int i = 0; i < sample.length; i++) {
                slope[i] = (sample[i] - original(from, modelOutput[i], sample[i])) / from;
                sample[i] += slope[i] * dt;
            }
            return;
        }
        for (int i = 0; i < sample.length; i++) {
            float slopeThere = (sample[i] - original(to, modelOutput[i], sample[i])) / to;
            sample[i] = first[i] + (slope[i] + slopeThere) / 2 * dt;
        }
    }
}
