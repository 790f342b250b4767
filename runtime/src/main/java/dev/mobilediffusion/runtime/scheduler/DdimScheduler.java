package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/** Deterministic steps on alphas (Song et al. 2020, arXiv 2010.02502, equation 12, eta 0): {@code DDIMScheduler}. */
final class DdimScheduler extends AlphaScheduler {

    private final int stride; // training timesteps between two steps
    private final float finalAlpha;

    DdimScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofAlphas(config, 0.0001, 0.02, "linear"), steps);
    }

    private DdimScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, schedule, spaced(config, schedule, steps), config.flag("clip_sample", true));
        stride = schedule.trainSteps() / steps;
        finalAlpha = config.flag("set_alpha_to_one", true) ? 1 : schedule.alphaCumprod(0);
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        int timestep = (int) timesteps[call];
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
            sample[i] = alphaBeforeRoot * clipped(original) + betaBeforeRoot * epsilon;
        }
    }
}
