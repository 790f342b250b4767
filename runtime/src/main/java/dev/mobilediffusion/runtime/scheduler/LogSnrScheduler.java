package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.Arrays;

/**
 * What multistep solvers have in common that walk in lambda, half the logarithm of the signal-to-noise ratio: a sample of
 * {@code alpha * image + sigmaShare * noise}, and the converted predictions of the last calls (Lu et al. 2022, arXiv
 * 2211.01095).
 */
abstract class LogSnrScheduler implements Scheduler {

    /** Below this many steps the last ones fall back to lower order, where {@code lower_order_final} asks for it. */
    static final int FEW_STEPS = 15;

    static final int MAX_ORDER = 3;

    final PredictionType predictionType;
    final int order;
    private final float[] sigmas; // (steps + 1), falling
    private final float[] timesteps; // (steps)
    private final float[][] outputs; // (order, latents), converted predictions, newest first
    private int remembered;

    /**
     * Noise levels and what the UNet is told of them.
     *
     * @param sigmas (steps + 1), falling
     * @param timesteps (steps), whole numbers
     */
    record Plan(float[] sigmas, float[] timesteps) {

        /**
         * @param trainSteps training timesteps to choose from: all, or the first of them
         * @param rounded whether resampled timesteps are rounded, else cut off
         */
        static Plan of(ConfigFile config, NoiseSchedule schedule, int trainSteps, int steps, boolean rounded) {
            Schedulers.refuse(config, "thresholding", "use_beta_sigmas", "use_lu_lambdas", "use_flow_sigmas");
            double[] times = spaced(config, schedule.trainSteps(), trainSteps, steps);
            double[] falling = new double[times.length];
            for (int i = 0; i < times.length; i++) {
                falling[i] = schedule.interpolatedSigma(times[i]);
            }
            if (Schedules.resampled(config)) {
                double min = config.number("sigma_min", schedule.sigma(0));
                double max = config.number("sigma_max", schedule.sigma(schedule.trainSteps() - 1));
                falling = Schedules.resample(config, min, max, steps);
                times = new double[steps];
                for (int i = 0; i < steps; i++) {
                    double time = schedule.timestepOf(falling[i]);
                    // without Karras's levels diffusers casts to integers
                    times[i] = rounded && config.flag("use_karras_sigmas", false) ? Math.rint(time) : Math.floor(time);
                }
            }
            return new Plan(Arrays.copyOf(Schedules.toFloats(falling), times.length + 1), Schedules.toFloats(times));
        }

        /** As elsewhere, but one more than asked for is spaced, and the last is left out. */
        private static double[] spaced(ConfigFile config, int allTrainSteps, int trainSteps, int steps) {
            String spacing = config.text("timestep_spacing", "linspace");
            if (!spacing.equals("trailing")) {
                return Arrays.copyOf(Schedules.timesteps(config, trainSteps, steps + 1, spacing, true), steps);
            }
            double[] all = Schedules.timesteps(config, allTrainSteps, steps, spacing, true);
            double ratio = (double) allTrainSteps / steps;
            int count = Math.min(steps, (int) Math.ceil(trainSteps / ratio));
            double[] times = Arrays.copyOf(all, count);
            for (int i = 0; trainSteps < allTrainSteps && i < count; i++) {
                times[i] = Math.rint(trainSteps - i * ratio) - 1;
            }
            return times;
        }

        /** The same plan, ending at another sigma. */
        Plan endingAt(float sigma) {
            sigmas[timesteps.length] = sigma;
            return this;
        }
    }

    LogSnrScheduler(ConfigFile config, Plan plan) {
        predictionType = PredictionType.of(config);
        order = config.integer("solver_order", 2);
        if (order < 1 || order > MAX_ORDER) {
            throw Schedulers.invalid(config, "solver_order must be in [1, %d], got %d", MAX_ORDER, order);
        }
        sigmas = plan.sigmas();
        timesteps = plan.timesteps();
        outputs = new float[order][0];
    }

    /** Calls until the image, the one at {@code call} included. */
    final int callsLeft(int call) {
        return timesteps.length - call;
    }

    final int calls() {
        return timesteps.length;
    }

    @Override
    public final float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public final void addNoise(int call, float[] original, float[] noise, float[] noisy) {
        float alpha = alpha(call);
        float sigma = sigmaShare(call);
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] = alpha * original[i] + sigma * noise[i];
        }
    }

    @Override
    public final void predictOriginal(int call, float[] modelOutput, float[] sample, float[] original) {
        float alpha = alpha(call);
        float sigma = sigmaShare(call);
        for (int i = 0; i < sample.length; i++) {
            original[i] = predictionType.original(alpha, sigma, modelOutput[i], sample[i]);
        }
    }

    /** Makes room for one more prediction; the oldest is forgotten. */
    final float[] remember(int length) {
        float[] oldest = outputs[order - 1].length == length ? outputs[order - 1] : new float[length];
        System.arraycopy(outputs, 0, outputs, 1, order - 1);
        outputs[0] = oldest;
        remembered = Math.min(remembered + 1, order);
        return oldest;
    }

    /** Predictions that are remembered, at most {@link #order}. */
    final int remembered() {
        return remembered;
    }

    /** The prediction {@code back} calls before the newest. */
    final float[] output(int back) {
        return outputs[back];
    }

    /** The image's share in the sample before a call, or after the last. */
    final float alpha(int call) {
        return 1 / NoiseSchedule.sqrt(sigmas[call] * sigmas[call] + 1);
    }

    /** The noise's share. */
    final float sigmaShare(int call) {
        return sigmas[call] * alpha(call);
    }

    /** Half the logarithm of the signal-to-noise ratio; infinite where sigma is 0. */
    final float lambda(int call) {
        return (float) Math.log(alpha(call)) - (float) Math.log(sigmaShare(call));
    }
}
