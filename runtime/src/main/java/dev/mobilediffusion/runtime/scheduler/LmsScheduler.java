package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * Linear multistep in sigma: the polynomial through the last four slopes, integrated over the step (k-diffusion's {@code
 * lms}): {@code LMSDiscreteScheduler}.
 */
final class LmsScheduler extends SigmaScheduler {

    private static final int ORDER = 4;

    private final float[] sigmas; // (steps + 1), falling to 0
    private final float[][] slopes = new float[ORDER][0]; // (4, latents), newest first
    private int remembered;

    LmsScheduler(ConfigFile config, int steps) {
        this(config, Plan.of(config, NoiseSchedule.ofSigmas(config, 0.0001, 0.02), steps));
    }

    private LmsScheduler(ConfigFile config, Plan plan) {
        super(config, Schedules.toFloats(plan.sigmas()), Schedules.toFloats(plan.timesteps()));
        sigmas = Schedules.toFloats(plan.sigmas());
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float[] newest = remember(sample.length);
        for (int i = 0; i < sample.length; i++) {
            newest[i] = (sample[i] - original(sigmas[call], modelOutput[i], sample[i])) / sigmas[call];
        }
        // Of a walk that began in the middle, diffusers takes the full order's weights for as many slopes as there are
        int order = Math.min(call + 1, ORDER);
        for (int back = 0; back < Math.min(order, remembered); back++) {
            float weight = (float) weight(call, back, order);
            for (int i = 0; i < sample.length; i++) {
                sample[i] += weight * slopes[back][i];
            }
        }
    }

    private float[] remember(int length) {
        float[] oldest = slopes[ORDER - 1].length == length ? slopes[ORDER - 1] : new float[length];
        System.arraycopy(slopes, 0, slopes, 1, ORDER - 1);
        slopes[0] = oldest;
        remembered = Math.min(remembered + 1, ORDER);
        return oldest;
    }

    /** Integral of the {@code back}th Lagrange polynomial over the step, by Simpson's rule, which is exact for cubics. */
    private double weight(int call, int back, int order) {
        double from = sigmas[call];
        double to = sigmas[call + 1];
        double middle = (from + to) / 2;
        double sum = lagrange(from, call, back, order)
                + 4 * lagrange(middle, call, back, order)
                + lagrange(to, call, back, order);
        return (to - from) / 6 * sum;
    }

    private double lagrange(double sigma, int call, int back, int order) {
        double product = 1;
        for (int k = 0; k < order; k++) {
            if (k != back) {
                product *= (sigma - sigmas[call - k]) / ((double) sigmas[call - back] - sigmas[call - k]);
            }
        }
        return product;
    }
}
