package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/**
 * Sampling of a latent consistency model, which jumps to the picture and goes back to less noise each time (Luo et al.
 * 2023, arXiv 2310.04378): {@code LCMScheduler}.
 */
final class LcmScheduler implements Scheduler {

    private static final float SIGMA_DATA = 0.5f;

    private final PredictionType predictionType;
    private final NoiseSchedule schedule;
    private final float[] timesteps; // (steps)
    private final float timestepScaling;
    private final float clipRange; // infinite for none
    private float[] fresh = {}; // (latents), the added noise

    LcmScheduler(ConfigFile config, int steps) {
        Schedulers.refuse(config, "thresholding");
        predictionType = PredictionType.of(config);
        schedule = NoiseSchedule.ofAlphas(config, 0.00085, 0.012, "scaled_linear");
        timestepScaling = (float) config.number("timestep_scaling", 10);
        clipRange = config.flag("clip_sample", false)
                ? (float) config.number("clip_sample_range", 1)
                : Float.POSITIVE_INFINITY;
        timesteps = Schedules.distilled(config, schedule.trainSteps(), steps);
    }

    @Override
    public float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public void predictOriginal(int step, float[] modelOutput, float[] sample, float[] original) {
        float alpha = schedule.alphaCumprod((int) timesteps[step]);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        for (int i = 0; i < sample.length; i++) {
            float predicted = predictionType.original(alphaRoot, betaRoot, modelOutput[i], sample[i]);
            original[i] = Math.clamp(predicted, -clipRange, clipRange);
        }
    }

    @Override
    public void step(int step, float[] modelOutput, float[] sample, GaussianNoise noise) {
        boolean last = step == timesteps.length - 1;
        float alpha = schedule.alphaCumprod((int) timesteps[step]);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        float scaledTime = timesteps[step] * timestepScaling;
        float variance = scaledTime * scaledTime + SIGMA_DATA * SIGMA_DATA;
        float skip = SIGMA_DATA * SIGMA_DATA / variance;
        float out = scaledTime / NoiseSchedule.sqrt(variance);
        for (int i = 0; i < sample.length; i++) {
            float original = predictionType.original(alphaRoot, betaRoot, modelOutput[i], sample[i]);
            sample[i] = out * Math.clamp(original, -clipRange, clipRange) + skip * sample[i];
        }
        if (!last) {
            addNoise(schedule.alphaCumprod((int) timesteps[step + 1]), sample, noise);
        }
    }

    private void addNoise(float alpha, float[] sample, GaussianNoise noise) {
        if (fresh.length != sample.length) {
            fresh = new float[sample.length];
        }
        noise.fill(fresh);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        for (int i = 0; i < sample.length; i++) {
            sample[i] = alphaRoot * sample[i] + betaRoot * fresh[i];
        }
    }
}
