package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * What schedulers have in common whose sample at training timestep t is {@code sqrt(alphaCumprod(t)) * image + sqrt(1 -
 * alphaCumprod(t)) * noise}.
 */
abstract class AlphaScheduler implements Scheduler {

    final PredictionType predictionType;
    final NoiseSchedule schedule;
    final float[] timesteps; // (calls), training timesteps, falling
    private final float clipRange; // infinite for none

    /** @param clipped whether the predicted image is held within {@code clip_sample_range} */
    AlphaScheduler(ConfigFile config, NoiseSchedule schedule, float[] timesteps, boolean clipped) {
        Schedulers.refuse(config, "thresholding");
        this.predictionType = PredictionType.of(config);
        this.schedule = schedule;
        this.timesteps = timesteps;
        this.clipRange = clipped ? (float) config.number("clip_sample_range", 1) : Float.POSITIVE_INFINITY;
    }

    /** Whole timesteps as {@code timestep_spacing} says, {@code leading} where it says nothing. */
    static float[] spaced(ConfigFile config, NoiseSchedule schedule, int steps) {
        return Schedules.toFloats(Schedules.timesteps(config, schedule.trainSteps(), steps, "leading", true));
    }

    @Override
    public final float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public final void addNoise(int call, float[] original, float[] noise, float[] noisy) {
        float alpha = alpha(call);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] = alphaRoot * original[i] + betaRoot * noise[i];
        }
    }

    @Override
    public final void predictOriginal(int call, float[] modelOutput, float[] sample, float[] original) {
        float alpha = alpha(call);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        for (int i = 0; i < sample.length; i++) {
            original[i] = clipped(predictionType.original(alphaRoot, betaRoot, modelOutput[i], sample[i]));
        }
    }

    /** Share of the image's variance in the sample before a call. */
    final float alpha(int call) {
        return schedule.alphaCumprod((int) timesteps[call]);
    }

    final float clipped(float original) {
        return Math.clamp(original, -clipRange, clipRange);
    }

    /** Noises {@code sample} afresh, so that {@code alpha} of its variance stays. */
    static void addFreshNoise(float alpha, float[] sample, GaussianNoise noise) {
        float[] fresh = noise.next(sample.length);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(1 - alpha);
        for (int i = 0; i < sample.length; i++) {
            sample[i] = alphaRoot * sample[i] + betaRoot * fresh[i];
        }
    }
}
