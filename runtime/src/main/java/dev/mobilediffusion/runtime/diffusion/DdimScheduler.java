package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/** Deterministic steps on alphas (Song et al. 2020, arXiv 2010.02502, equation 12, eta 0): {@code DDIMScheduler}. */
final class DdimScheduler implements Scheduler {

    private final PredictionType predictionType;
    private final NoiseSchedule schedule;
    private final float[] timesteps; // (steps)
    private final int stride; // training timesteps between two steps
    private final float finalAlpha;
    private final float clipRange; // infinite for none

    DdimScheduler(ConfigFile config, int steps) {
        Schedulers.refuse(config, "thresholding");
        predictionType = PredictionType.of(config);
        schedule = NoiseSchedule.ofAlphas(config, 0.0001, 0.02, "linear");
        timesteps = Schedules.toFloats(Schedules.timesteps(config, schedule.trainSteps(), steps, "leading", true));
        stride = schedule.trainSteps() / steps;
        finalAlpha = config.flag("set_alpha_to_one", true) ? 1 : schedule.alphaCumprod(0);
        clipRange = config.flag("clip_sample", true)
                ? (float) config.number("clip_sample_range", 1)
                : Float.POSITIVE_INFINITY;
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
        int timestep = (int) timesteps[step];
        float alpha = schedule.alphaCumprod(timestep);
        float alphaBefore = timestep >= stride ? schedule.alphaCumprod(timestep - stride) : finalAlpha;
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        float alphaBeforeRoot = NoiseSchedule.sqrt(alphaBefore);
        float betaBeforeRoot = NoiseSchedule.sqrt(1 - alphaBefore);
        for (int i = 0; i < sample.length; i++) {
            float output = modelOutput[i];
            float original = predictionType.original(alphaRoot, betaRoot, output, sample[i]);
            float epsilon = predictionType.noise(alphaRoot, betaRoot, output, sample[i]);
            float clipped = Math.clamp(original, -clipRange, clipRange);
            sample[i] = alphaBeforeRoot * clipped + betaBeforeRoot * epsilon;
        }
    }
}
