package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * Sampling of a latent consistency model, which jumps to the image and goes back to less noise each time (Luo et al.
 * 2023, arXiv 2310.04378): {@code LCMScheduler}.
 */
final class LcmScheduler extends AlphaScheduler {

    static final String NAME = "LCMScheduler";

    private static final float SIGMA_DATA = 0.5f;

    private final float timestepScaling;

    LcmScheduler(ConfigFile config, int steps) {
        this(config, steps, 1);
    }

    /** @param strength share of the distilled timesteps that are walked, from the last one of that share on */
    LcmScheduler(ConfigFile config, int steps, double strength) {
        this(config, NoiseSchedule.ofAlphas(config, 0.00085, 0.012, "scaled_linear"), steps, strength);
    }

    private LcmScheduler(ConfigFile config, NoiseSchedule schedule, int steps, double strength) {
        super(
                config,
                schedule,
                Schedules.distilled(config, schedule.trainSteps(), steps, strength),
                config.flag("clip_sample", false));
        timestepScaling = (float) config.number("timestep_scaling", 10);
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float alpha = alpha(call);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        float scaledTime = timesteps[call] * timestepScaling;
        float variance = scaledTime * scaledTime + SIGMA_DATA * SIGMA_DATA;
        float skip = SIGMA_DATA * SIGMA_DATA / variance;
        float out = scaledTime / NoiseSchedule.sqrt(variance);
        for (int i = 0; i < sample.length; i++) {
            float original = predictionType.original(alphaRoot, betaRoot, modelOutput[i], sample[i]);
            sample[i] = out * clipped(original) + skip * sample[i];
        }
        if (call + 1 < timesteps.length) {
            addFreshNoise(alpha(call + 1), sample, noise);
        }
    }
}
