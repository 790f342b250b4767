package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/**
 * Sampling of a trajectory consistency model, which jumps past the next step's noise and goes back up to it with fresh
 * noise (Zheng et al. 2024, arXiv 2402.19159): {@code TCDScheduler}, with its own gamma of 0.3.
 */
final class TcdScheduler implements Scheduler {

    /** Share of each jump that is taken back; 0 would be deterministic. */
    private static final double GAMMA = 0.3;

    private final PredictionType predictionType;
    private final NoiseSchedule schedule;
    private final float[] timesteps; // (steps)
    private float[] fresh = {}; // (latents), the added noise

    TcdScheduler(ConfigFile config, int steps) {
        Schedulers.refuse(config, "thresholding");
        predictionType = PredictionType.of(config);
        schedule = NoiseSchedule.ofAlphas(config, 0.00085, 0.012, "scaled_linear");
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
            original[i] = predictionType.original(alphaRoot, betaRoot, modelOutput[i], sample[i]);
        }
    }

    @Override
    public void step(int step, float[] modelOutput, float[] sample, GaussianNoise noise) {
        boolean last = step == timesteps.length - 1;
        int next = last ? 0 : (int) timesteps[step + 1];
        float alphaJump = schedule.alphaCumprod((int) Math.floor((float) (1 - GAMMA) * next));
        jump((int) timesteps[step], alphaJump, modelOutput, sample);
        if (!last) {
            addNoise(schedule.alphaCumprod(next) / alphaJump, sample, noise);
        }
    }

    /** From training timestep {@code from} to where {@code alphaJump} of the picture's variance is left. */
    private void jump(int from, float alphaJump, float[] modelOutput, float[] sample) {
        float alpha = schedule.alphaCumprod(from);
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

    /** @param alpha share of what is there that stays */
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
