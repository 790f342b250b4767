package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * The exponential integrator on predicted noise, extrapolated in the logarithm of rho, the noise's share over the
 * image's (Zhang and Chen 2022, arXiv 2204.13902): {@code DEISMultistepScheduler}.
 */
final class DeisScheduler extends LogSnrScheduler {

    private final boolean lowerOrderFinal;

    DeisScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofSigmas(config, 0.0001, 0.02), steps);
    }

    private DeisScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, plan(config, schedule, steps));
        // diffusers reads what configs of the sibling schedulers bring along as deis and logrho
        Schedulers.requireOneOf(config, "algorithm_type", "deis", "dpmsolver", "dpmsolver++");
        Schedulers.requireOneOf(config, "solver_type", "logrho", "midpoint", "heun", "bh1", "bh2");
        lowerOrderFinal = config.flag("lower_order_final", true) && calls() < FEW_STEPS;
    }

    private static Plan plan(ConfigFile config, NoiseSchedule schedule, int steps) {
        Plan plan = Plan.of(config, schedule, schedule.trainSteps(), steps, true);
        float last = plan.sigmas()[plan.timesteps().length - 1];
        return plan.endingAt(Schedules.resampled(config) ? last : schedule.sigma(0));
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float[] newest = remember(sample.length);
        predictOriginal(call, modelOutput, sample, newest);
        float alpha = alpha(call);
        float sigma = sigmaShare(call);
        for (int i = 0; i < sample.length; i++) {
            newest[i] = (sample[i] - alpha * newest[i]) / sigma;
        }
        int wanted = lowerOrderFinal ? Math.min(order, callsLeft(call)) : order;
        float[] weights = weights(call, Math.min(wanted, remembered()));
        float ratio = alpha(call + 1) / alpha;
        for (int i = 0; i < sample.length; i++) {
            float moved = ratio * sample[i];
            for (int back = 0; back < weights.length; back++) {
                moved += weights[back] * output(back)[i];
            }
            sample[i] = moved;
        }
    }

    /** (stepOrder), of the last predictions, newest first. */
    private float[] weights(int call, int stepOrder) {
        float[] weights = new float[stepOrder];
        double from = rho(call);
        double to = rho(call + 1);
        for (int back = 0; back < stepOrder; back++) {
            weights[back] = (float)
                    (alpha(call + 1) * (integral(to, call, back, stepOrder) - integral(from, call, back, stepOrder)));
        }
        return weights;
    }

    /** Antiderivative, at {@code rho}, of the {@code back}th Lagrange polynomial in log rho. */
    private double integral(double rho, int call, int back, int stepOrder) {
        double log = Math.log(rho);
        double here = Math.log(rho(call - back));
        double[] others = new double[2];
        int count = 0;
        double divisor = 1;
        for (int k = 0; k < stepOrder; k++) {
            if (k != back) {
                others[count++] = Math.log(rho(call - k));
                divisor *= here - others[count - 1];
            }
        }
        return switch (count) {
            case 0 -> rho;
            case 1 -> rho * (log - 1 - others[0]) / divisor;
            default ->
                rho * (log * log - 2 * log + 2 - (others[0] + others[1]) * (log - 1) + others[0] * others[1]) / divisor;
        };
    }

    private double rho(int call) {
        return sigmaShare(call) / alpha(call);
    }
}
