package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * A multistep predictor whose every step is corrected once the next prediction is there, at no further call (Zhao et al.
 * 2023, arXiv 2302.04867, with the image predicted): {@code UniPCMultistepScheduler}.
 */
final class UniPcScheduler extends LogSnrScheduler {

    private final boolean bh1; // the paper's first B(h), else its second
    private final boolean lowerOrderFinal;
    private final float[] uncorrected; // calls after which nothing is corrected
    private float[] converted = {}; // (latents), the image predicted now
    private float[] before = {}; // (latents), the sample that the last step began from
    private int orderBefore;

    UniPcScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofSigmas(config), steps);
    }

    private UniPcScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, plan(config, schedule, steps));
        if (!config.flag("predict_x0", true)) {
            throw Schedulers.invalid(config, "predict_x0 false is not supported here; set it to true");
        }
        if (config.has("solver_p")) {
            throw Schedulers.invalid(config, "solver_p is not supported here; set it to null");
        }
        // diffusers reads what configs of the sibling schedulers bring along as bh2
        bh1 = Schedulers.requireOneOf(config, "solver_type", "bh2", "bh1", "midpoint", "heun", "logrho")
                .equals("bh1");
        lowerOrderFinal = config.flag("lower_order_final", true);
        uncorrected = config.numbers("disable_corrector");
    }

    private static Plan plan(ConfigFile config, NoiseSchedule schedule, int steps) {
        Plan plan = Plan.of(config, schedule, schedule.trainSteps(), steps, true);
        float last = Schedules.lastSigma(config, schedule);
        boolean repeated = last > 0 && Schedules.resampled(config);
        return plan.endingAt(repeated ? plan.sigmas()[plan.timesteps().length - 1] : last);
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        if (converted.length != sample.length) {
            converted = new float[sample.length];
            before = new float[sample.length];
        }
        predictOriginal(call, modelOutput, sample, converted);
        if (remembered() > 0 && !isUncorrected(call - 1)) {
            correct(call, sample);
        }
        System.arraycopy(converted, 0, remember(sample.length), 0, sample.length);
        System.arraycopy(sample, 0, before, 0, sample.length);
        int wanted = lowerOrderFinal ? Math.min(order, callsLeft(call)) : order;
        orderBefore = Math.min(wanted, remembered());
        predict(call, sample);
    }

    private boolean isUncorrected(int call) {
        for (float one : uncorrected) {
            if ((int) one == call) {
                return true;
            }
        }
        return false;
    }

    /** UniP: from the call's sample to the next. */
    private void predict(int call, float[] sample) {
        Step step = new Step(call, orderBefore);
        float[] rhos = orderBefore == 2 ? new float[] {0.5f} : step.solve(orderBefore - 1);
        move(step, rhos, sample, sample);
    }

    /** UniC: the last step once more, with the prediction at its end. */
    private void correct(int call, float[] sample) {
        Step step = new Step(call - 1, orderBefore);
        float[] rhos = orderBefore == 1 ? new float[] {0.5f} : step.solve(orderBefore);
        move(step, rhos, before, sample);
        float weight = -step.alpha * step.scale * rhos[orderBefore - 1];
        float[] newest = output(0);
        for (int i = 0; i < sample.length; i++) {
            sample[i] += weight * (converted[i] - newest[i]);
        }
    }

    private void move(Step step, float[] rhos, float[] from, float[] to) {
        float[] newest = output(0);
        for (int i = 0; i < to.length; i++) {
            float differences = 0;
            for (int k = 0; k < step.ratios.length - 1; k++) {
                differences += rhos[k] * ((output(k + 1)[i] - newest[i]) / step.ratios[k]);
            }
            float moved = step.sample * from[i] - step.alpha * step.growth * newest[i];
            to[i] = step.ratios.length > 1 ? moved - step.alpha * step.scale * differences : moved;
        }
    }

    /** The numbers of one step, in the paper's appendix on B(h). */
    private final class Step {

        private final float sample; // the sample's share in the next
        private final float alpha; // the image's
        private final float growth; // e^-h - 1
        private final float scale; // B(h)
        private final float[] ratios; // (stepOrder), distances of the predictions remembered, in steps; the last is 1
        private final float[] targets; // (stepOrder)

        Step(int call, int stepOrder) {
            float h = lambda(call) - lambda(call + 1); // negative
            sample = sigmaShare(call + 1) / sigmaShare(call);
            alpha = alpha(call + 1);
            growth = (float) Math.expm1(h);
            scale = bh1 ? h : growth;
            ratios = new float[stepOrder];
            targets = new float[stepOrder];
            float phi = growth / h - 1;
            float factorial = 1;
            for (int k = 0; k < stepOrder; k++) {
                ratios[k] = k + 1 < stepOrder ? (lambda(call - 1 - k) - lambda(call)) / -h : 1;
                targets[k] = phi * factorial / scale;
                factorial *= k + 2;
                phi = phi / h - 1 / factorial;
            }
        }

        /** Weights of the first {@code size} differences: the powers of the ratios times them are the targets. */
        float[] solve(int size) {
            double[][] rows = new double[size][size + 1];
            for (int row = 0; row < size; row++) {
                for (int k = 0; k < size; k++) {
                    rows[row][k] = Math.pow(ratios[k], row);
                }
                rows[row][size] = targets[row];
            }
            return eliminate(rows);
        }
    }

    /** Gauss's elimination with pivots, of at most three rows. */
    private static float[] eliminate(double[][] rows) {
        int size = rows.length;
        for (int column = 0; column < size; column++) {
            int pivot = column;
            for (int row = column + 1; row < size; row++) {
                pivot = Math.abs(rows[row][column]) > Math.abs(rows[pivot][column]) ? row : pivot;
            }
            double[] swapped = rows[column];
            rows[column] = rows[pivot];
            rows[pivot] = swapped;
            for (int row = 0; row < size; row++) {
                double factor = row == column ? 0 : rows[row][column] / rows[column][column];
                for (int k = column; k <= size; k++) {
                    rows[row][k] -= factor * rows[column][k];
                }
            }
        }
        float[] solution = new float[size];
        for (int row = 0; row < size; row++) {
            solution[row] = (float) (rows[row][size] / rows[row][row]);
        }
        return solution;
    }
}
