package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * DPM-Solver++ of up to third order, which remembers the images predicted before (Lu et al. 2022, arXiv 2211.01095,
 * algorithm 2), and its stochastic form, which adds fresh noise at each step: {@code DPMSolverMultistepScheduler} with
 * {@code dpmsolver++}, also called DPM++ 2M, and {@code sde-dpmsolver++}, DPM++ 2M SDE.
 */
final class DpmSolverMultistepScheduler extends LogSnrScheduler {

    static final String STOCHASTIC = "sde-dpmsolver++";

    private final boolean stochastic;
    private final boolean heun;
    private final boolean firstOrderFinal;
    private final boolean secondOrderBefore;

    DpmSolverMultistepScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofSigmas(config), steps);
    }

    private DpmSolverMultistepScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, plan(config, schedule, steps));
        // diffusers reads deis, logrho, bh1 and bh2, which configs of the sibling schedulers bring along, as these
        stochastic = Schedulers.requireOneOf(config, "algorithm_type", "dpmsolver++", STOCHASTIC, "deis")
                .equals(STOCHASTIC);
        heun = Schedulers.requireOneOf(config, "solver_type", "midpoint", "heun", "logrho", "bh1", "bh2")
                .equals("heun");
        boolean lowerOrderFinal = config.flag("lower_order_final", true) && calls() < FEW_STEPS;
        firstOrderFinal = config.flag("euler_at_final", false)
                || lowerOrderFinal
                || config.text("final_sigmas_type", "zero").equals("zero");
        secondOrderBefore = lowerOrderFinal;
    }

    private static Plan plan(ConfigFile config, NoiseSchedule schedule, int steps) {
        int trainSteps = schedule.stepsAbove(config.limit("lambda_min_clipped", Double.NEGATIVE_INFINITY));
        boolean rounded = !config.text("beta_schedule", "linear").equals("squaredcos_cap_v2");
        return Plan.of(config, schedule, trainSteps, steps, rounded).endingAt(Schedules.lastSigma(config, schedule));
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        predictOriginal(call, modelOutput, sample, remember(sample.length));
        float[] fresh = stochastic ? noise.next(sample.length) : output(0);
        int stepOrder = Math.min(orderOf(call), remembered());
        Weights weights = weights(call, heun || stepOrder == MAX_ORDER);
        switch (stepOrder) {
            case 1 -> firstOrderStep(weights, sample, fresh);
            case 2 -> secondOrderStep(call, weights, sample, fresh);
            default -> thirdOrderStep(call, weights, sample, fresh);
        }
    }

    private int orderOf(int call) {
        if (callsLeft(call) == 1 && firstOrderFinal) {
            return 1;
        }
        return callsLeft(call) == 2 && secondOrderBefore ? Math.min(order, 2) : order;
    }

    /**
     * Shares in the next sample.
     *
     * @param sample of the sample
     * @param original of the image predicted now
     * @param slope of its slope in lambda, times the step
     * @param curve of its second derivative, times the step squared
     * @param noise of fresh noise
     */
    private record Weights(float sample, float original, float slope, float curve, float noise) {}

    private Weights weights(int call, boolean exactSlope) {
        float h = lambda(call + 1) - lambda(call);
        float alpha = alpha(call + 1);
        float ratio = sigmaShare(call + 1) / sigmaShare(call);
        // The stochastic form walks twice as far in lambda, half of it being undone by noise
        float length = stochastic ? 2 * h : h;
        float decay = 1 - (float) Math.exp(-length);
        float slope = exactSlope ? alpha * (1 - decay / length) : 0.5f * alpha * decay;
        float curve = -alpha * ((length - decay) / (length * length) - 0.5f);
        if (!stochastic) {
            return new Weights(ratio, alpha * decay, slope, curve, 0);
        }
        float curveHere = curve - alpha; // the sign of the half as diffusers has it
        float noise = sigmaShare(call + 1) * NoiseSchedule.sqrt(decay);
        return new Weights(ratio * (float) Math.exp(-h), alpha * decay, slope, curveHere, noise);
    }

    private void firstOrderStep(Weights weights, float[] sample, float[] fresh) {
        float[] newest = output(0);
        for (int i = 0; i < sample.length; i++) {
            sample[i] = weights.sample * sample[i] + weights.original * newest[i] + weights.noise * fresh[i];
        }
    }

    private void secondOrderStep(int call, Weights weights, float[] sample, float[] fresh) {
        float h = lambda(call + 1) - lambda(call);
        float inverseRatio = 1 / ((lambda(call) - lambda(call - 1)) / h);
        float[] newest = output(0);
        float[] before = output(1);
        for (int i = 0; i < sample.length; i++) {
            float slope = inverseRatio * (newest[i] - before[i]);
            sample[i] = weights.sample * sample[i]
                    + weights.original * newest[i]
                    + weights.slope * slope
                    + weights.noise * fresh[i];
        }
    }

    private void thirdOrderStep(int call, Weights weights, float[] sample, float[] fresh) {
        float h = lambda(call + 1) - lambda(call);
        float ratio = (lambda(call) - lambda(call - 1)) / h;
        float ratioBefore = (lambda(call - 1) - lambda(call - 2)) / h;
        float[] newest = output(0);
        float[] before = output(1);
        float[] oldest = output(2);
        for (int i = 0; i < sample.length; i++) {
            float near = 1 / ratio * (newest[i] - before[i]);
            float far = 1 / ratioBefore * (before[i] - oldest[i]);
            float bend = 1 / (ratio + ratioBefore) * (near - far);
            float slope = near + ratio * bend;
            sample[i] = weights.sample * sample[i]
                    + weights.original * newest[i]
                    + weights.slope * slope
                    + weights.curve * bend
                    + weights.noise * fresh[i];
        }
    }
}
