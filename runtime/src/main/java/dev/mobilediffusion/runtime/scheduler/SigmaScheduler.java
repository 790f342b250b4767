package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.Arrays;

/**
 * What schedulers have in common whose sample is {@code image + sigma * noise}, which the UNet sees scaled to unit
 * variance (Karras et al. 2022, arXiv 2206.00364; k-diffusion's samplers).
 */
abstract class SigmaScheduler implements Scheduler {

    /** Of schedulers that diffusers took over from k-diffusion late: other betas where the config names none. */
    static final double LATE_BETA_START = 0.00085;

    static final double LATE_BETA_END = 0.012;

    /**
     * Noise levels and what the UNet is told of them.
     *
     * @param sigmas (steps + 1), falling to the last, mostly 0
     * @param timesteps (steps)
     */
    record Plan(double[] sigmas, double[] timesteps) {

        /** As {@code timestep_spacing}, {@code use_karras_sigmas} and {@code use_exponential_sigmas} say; down to 0. */
        static Plan of(ConfigFile config, NoiseSchedule schedule, int steps) {
            Schedulers.refuse(config, "use_beta_sigmas");
            Plan plain = plain(config, schedule, steps);
            if (!Schedules.resampled(config)) {
                return plain;
            }
            double min = config.number("sigma_min", plain.sigmas[steps - 1]);
            double max = config.number("sigma_max", plain.sigmas[0]);
            double[] falling = Schedules.resample(config, min, max, steps);
            double[] times = new double[steps];
            for (int i = 0; i < steps; i++) {
                times[i] = schedule.timestepOf(falling[i]);
            }
            return new Plan(Arrays.copyOf(falling, steps + 1), times);
        }

        /** The same levels without the resampling, for schedulers that know none. */
        static Plan plain(ConfigFile config, NoiseSchedule schedule, int steps) {
            double[] times = Schedules.timesteps(config, schedule.trainSteps(), steps, "linspace", false);
            double[] sigmas = new double[steps + 1];
            for (int i = 0; i < steps; i++) {
                sigmas[i] = schedule.interpolatedSigma(times[i]);
            }
            return new Plan(sigmas, times);
        }
    }

    final PredictionType predictionType;
    private final float[] levels; // (calls), the sigma of the sample that the UNet sees
    private final float[] timesteps; // (calls)
    private final float initNoiseSigma;

    SigmaScheduler(ConfigFile config, float[] levels, float[] timesteps) {
        this.predictionType = PredictionType.of(config);
        this.levels = levels;
        this.timesteps = timesteps;
        float max = levels[0];
        boolean leading = config.text("timestep_spacing", "linspace").equals("leading");
        this.initNoiseSigma = leading ? NoiseSchedule.sqrt(max * max + 1) : max;
    }

    @Override
    public final float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public final float initNoiseSigma() {
        return initNoiseSigma;
    }

    @Override
    public final void addNoise(int call, float[] original, float[] noise, float[] noisy) {
        float sigma = levels[call];
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] = original[i] + noise[i] * sigma;
        }
    }

    @Override
    public final void scaleModelInput(int call, float[] sample, float[] scaled) {
        float divisor = NoiseSchedule.sqrt(levels[call] * levels[call] + 1);
        for (int i = 0; i < sample.length; i++) {
            scaled[i] = sample[i] / divisor;
        }
    }

    @Override
    public final void predictOriginal(int call, float[] modelOutput, float[] sample, float[] original) {
        for (int i = 0; i < sample.length; i++) {
            original[i] = original(levels[call], modelOutput[i], sample[i]);
        }
    }

    /** The image in a sample of noise level {@code sigma}. */
    final float original(float sigma, float modelOutput, float sample) {
        return limited(
                switch (predictionType) {
                    case EPSILON -> sample - sigma * modelOutput;
                    case V_PREDICTION -> {
                        float variance = sigma * sigma + 1;
                        yield modelOutput * (-sigma / NoiseSchedule.sqrt(variance)) + sample / variance;
                    }
                    case SAMPLE -> modelOutput;
                });
    }

    /** A predicted image within the scheduler's limits, where it has any. */
    float limited(float original) {
        return original;
    }

    /** Noise level that the UNet sees at a call. */
    final float level(int call) {
        return levels[call];
    }

    /**
     * How far down an ancestral step goes from noise level {@code from} before fresh noise lifts it to {@code to}.
     *
     * @param up standard deviation of the fresh noise
     */
    record Ancestral(float down, float up) {

        static Ancestral step(float from, float to) {
            float up = NoiseSchedule.sqrt(to * to * (from * from - to * to) / (from * from));
            return new Ancestral(NoiseSchedule.sqrt(to * to - up * up), up);
        }
    }
}
