package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.Arrays;

/**
 * DPM-Solver++ of first and second order, which remembers the picture predicted one step before (Lu et al. 2022, arXiv
 * 2211.01095, algorithm 2): {@code DPMSolverMultistepScheduler} with {@code dpmsolver++}, also called DPM++ 2M.
 */
final class DpmSolverMultistepScheduler implements Scheduler {

    /** Below this many steps the last ones fall back to lower order, where {@code lower_order_final} asks for it. */
    private static final int FEW_STEPS = 15;

    private final PredictionType predictionType;
    private final float[] sigmas; // (steps + 1), falling
    private final float[] timesteps; // (steps)
    private final boolean secondOrder;
    private final boolean heun;
    private final boolean firstOrderFinal;
    private float[] originals = {}; // (latents), the picture predicted at this step
    private float[] originalsBefore = {}; // (latents), at the step before

    DpmSolverMultistepScheduler(ConfigFile config, int steps) {
        Schedulers.refuse(config, "thresholding", "use_beta_sigmas", "use_lu_lambdas", "use_flow_sigmas");
        requireOneOf(config, "algorithm_type", "dpmsolver++");
        heun = requireOneOf(config, "solver_type", "midpoint", "heun").equals("heun");
        int order = config.integer("solver_order", 2);
        if (order < 1 || order > 2) {
            throw Schedulers.invalid(config, "solver_order must be 1 or 2, got %d", order);
        }
        secondOrder = order == 2;
        predictionType = PredictionType.of(config);
        NoiseSchedule schedule = NoiseSchedule.ofSigmas(config);
        double[] times = timesteps(config, schedule, steps);
        double[] falling = sigmas(config, schedule, times);
        sigmas = Arrays.copyOf(Schedules.toFloats(falling), steps + 1);
        sigmas[steps] = EulerScheduler.lastSigma(config, schedule);
        timesteps = Schedules.toFloats(times);
        firstOrderFinal = config.flag("euler_at_final", false)
                || (config.flag("lower_order_final", true) && steps < FEW_STEPS)
                || config.text("final_sigmas_type", "zero").equals("zero");
    }

    private static String requireOneOf(ConfigFile config, String key, String... allowed) {
        String value = config.text(key, allowed[0]);
        if (!Arrays.asList(allowed).contains(value)) {
            throw Schedulers.invalid(config, "%s must be one of %s, got %s", key, Arrays.toString(allowed), value);
        }
        return value;
    }

    /** As elsewhere, but one more than asked for is spaced, and the last is left out. */
    private static double[] timesteps(ConfigFile config, NoiseSchedule schedule, int steps) {
        String spacing = config.text("timestep_spacing", "linspace");
        int trainSteps = schedule.trainSteps();
        double[] times = spacing.equals("trailing")
                ? Schedules.timesteps(config, trainSteps, steps, spacing, true)
                : Arrays.copyOf(Schedules.timesteps(config, trainSteps, steps + 1, spacing, true), steps);
        if (!resampled(config)) {
            return times;
        }
        double[] sigmas = sigmas(config, schedule, times);
        boolean whole = config.flag("use_karras_sigmas", false)
                && !config.text("beta_schedule", "linear").equals("squaredcos_cap_v2");
        for (int i = 0; i < steps; i++) {
            double time = schedule.timestepOf(sigmas[i]);
            times[i] = whole ? Math.rint(time) : Math.floor(time); // else cut off by diffusers' cast to integers
        }
        return times;
    }

    private static boolean resampled(ConfigFile config) {
        return config.flag("use_karras_sigmas", false) || config.flag("use_exponential_sigmas", false);
    }

    private static double[] sigmas(ConfigFile config, NoiseSchedule schedule, double[] times) {
        double max = schedule.sigma(schedule.trainSteps() - 1);
        if (config.flag("use_karras_sigmas", false)) {
            return Schedules.karras(schedule.sigma(0), max, times.length);
        }
        if (config.flag("use_exponential_sigmas", false)) {
            return Schedules.exponential(schedule.sigma(0), max, times.length);
        }
        double[] sigmas = new double[times.length];
        for (int i = 0; i < times.length; i++) {
            sigmas[i] = schedule.interpolatedSigma(times[i]);
        }
        return sigmas;
    }

    @Override
    public float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public void predictOriginal(int step, float[] modelOutput, float[] sample, float[] original) {
        float alpha = alpha(sigmas[step]);
        float sigma = sigmas[step] * alpha;
        for (int i = 0; i < sample.length; i++) {
            original[i] = predictionType.original(alpha, sigma, modelOutput[i], sample[i]);
        }
    }

    @Override
    public void step(int step, float[] modelOutput, float[] sample, GaussianNoise noise) {
        if (originals.length != sample.length) {
            originals = new float[sample.length];
            originalsBefore = new float[sample.length];
        }
        float[] recycled = originalsBefore;
        originalsBefore = originals;
        originals = recycled;
        predictOriginal(step, modelOutput, sample, originals);
        boolean last = step == timesteps.length - 1;
        if (secondOrder && step > 0 && !(last && firstOrderFinal)) {
            secondOrderStep(step, sample);
        } else {
            firstOrderStep(step, sample);
        }
    }

    private void firstOrderStep(int step, float[] sample) {
        float ratio = sigmaShare(step + 1) / sigmaShare(step);
        float weight = alpha(sigmas[step + 1]) * expm1(lambda(step) - lambda(step + 1));
        for (int i = 0; i < sample.length; i++) {
            sample[i] = ratio * sample[i] - weight * originals[i];
        }
    }

    private void secondOrderStep(int step, float[] sample) {
        float h = lambda(step + 1) - lambda(step);
        float inverseRatio = 1 / ((lambda(step) - lambda(step - 1)) / h);
        float ratio = sigmaShare(step + 1) / sigmaShare(step);
        float alpha = alpha(sigmas[step + 1]);
        float weight = alpha * expm1(-h);
        float slopeWeight = heun ? alpha * (expm1(-h) / h + 1) : -0.5f * weight;
        for (int i = 0; i < sample.length; i++) {
            float slope = inverseRatio * (originals[i] - originalsBefore[i]);
            sample[i] = ratio * sample[i] - weight * originals[i] + slopeWeight * slope;
        }
    }

    private static float alpha(float sigma) {
        return 1 / NoiseSchedule.sqrt(sigma * sigma + 1);
    }

    private float sigmaShare(int step) {
        return sigmas[step] * alpha(sigmas[step]);
    }

    /** Half the logarithm of the signal-to-noise ratio; infinite where sigma is 0. */
    private float lambda(int step) {
        return (float) Math.log(alpha(sigmas[step])) - (float) Math.log(sigmaShare(step));
    }

    private static float expm1(float value) {
        return (float) Math.exp(value) - 1;
    }
}
