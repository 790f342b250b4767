package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * Sampling of a trajectory consistency model, which jumps past the next step's noise and goes back up to it with fresh
 * noise (Zheng et al. 2024, arXiv 2402.19159): {@code TCDScheduler}, with its own gamma of 0.3.
 */
final class TcdScheduler extends AlphaScheduler {

    /** Share of each jump that is taken back; 0 would be deterministic. */
    private static final double GAMMA = 0.3;

    TcdScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofAlphas(config, 0.00085, 0.012, "scaled_linear"), steps);
    }

    private TcdScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, schedule, Schedules.distilled(config, schedule.trainSteps(), steps, 1), false);
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        boolean last = call == timesteps.length - 1;
        int next = last ? 0 : (int) timesteps[call + 1];
        float alphaJump = schedule.alphaCumprod((int) Math.floor((float) (1 - GAMMA) * next));
        jump(alpha(call), alphaJump, modelOutput, sample);
        if (!last) {
            addFreshNoise(schedule.alphaCumprod(next) / alphaJump, sample, noise);
        }
    }

    /** From where {@code alpha} of the image's variance is left to where {@code alphaJump} is. */
    private void jump(float alpha, float alphaJump, float[] modelOutput, float[] sample) {
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        float alphaJumpRoot = NoiseSchedule.sqrt(alphaJump);
        float betaJumpRoot = NoiseSchedule.sqrt(1 - alphaJump);
        for (int i = 0; i < sample.length; i++) {
            float output = modelOutput[i];
            float original = predictionType.original(alphaRoot, betaRoot, output, sample[i]);
            float epsilon = predictionType.noise(alphaRoot, betaRoot, output, sample[i]);
            sample[i] = alphaJumpRoot * original + betaJumpRoot * epsilon;
        }
    }
}
