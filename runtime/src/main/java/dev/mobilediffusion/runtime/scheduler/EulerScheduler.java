package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import java.util.Arrays;

/** Euler's method on the probability flow (Karras et al. 2022, algorithm 2 without churn): {@code EulerDiscreteScheduler}. */
final class EulerScheduler extends SigmaScheduler {

    private final float lastSigma;
    private final int steps;

    EulerScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofSigmas(config), steps);
    }

    private EulerScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        this(config, schedule, Plan.of(config, schedule, steps));
    }

    private EulerScheduler(ConfigFile config, NoiseSchedule schedule, Plan plan) {
        super(config, falling(plan), timesteps(config, plan));
        Schedulers.requireOneOf(config, "interpolation_type", "linear");
        lastSigma = Schedules.lastSigma(config, schedule);
        steps = plan.timesteps().length;
    }

    private static float[] falling(Plan plan) {
        return Schedules.toFloats(Arrays.copyOf(plan.sigmas(), plan.timesteps().length));
    }

    private static float[] timesteps(ConfigFile config, Plan plan) {
        float[] timesteps = Schedules.toFloats(plan.timesteps());
        boolean continuous = config.text("timestep_type", "discrete").equals("continuous")
                && PredictionType.of(config) == PredictionType.V_PREDICTION;
        for (int i = 0; continuous && i < timesteps.length; i++) {
            timesteps[i] = 0.25f * (float) Math.log((float) plan.sigmas()[i]);
        }
        return timesteps;
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float sigma = level(call);
        float dt = (call + 1 < steps ? level(call + 1) : lastSigma) - sigma;
        for (int i = 0; i < sample.length; i++) {
            sample[i] += (sample[i] - original(sigma, modelOutput[i], sample[i])) / sigma * dt;
        }
    }
}
