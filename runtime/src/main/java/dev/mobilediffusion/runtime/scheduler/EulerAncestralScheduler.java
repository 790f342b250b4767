package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/** Euler's method that steps further down and adds fresh noise: {@code EulerAncestralDiscreteScheduler}. */
final class EulerAncestralScheduler extends SigmaScheduler {

    private final float[] sigmas; // (steps + 1), falling to 0

    EulerAncestralScheduler(ConfigFile config, int steps) {
        this(config, Plan.plain(config, NoiseSchedule.ofSigmas(config), steps));
    }

    private EulerAncestralScheduler(ConfigFile config, Plan plan) {
        super(config, Schedules.toFloats(plan.sigmas()), Schedules.toFloats(plan.timesteps()));
        predictionType.refuseSample(config);
        sigmas = Schedules.toFloats(plan.sigmas());
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float from = sigmas[call];
        Ancestral step = Ancestral.step(from, sigmas[call + 1]);
        float dt = step.down() - from;
        float[] fresh = noise.next(sample.length);
        for (int i = 0; i < sample.length; i++) {
            float moved = sample[i] + (sample[i] - original(from, modelOutput[i], sample[i])) / from * dt;
            sample[i] = moved + fresh[i] * step.up();
        }
    }
}
