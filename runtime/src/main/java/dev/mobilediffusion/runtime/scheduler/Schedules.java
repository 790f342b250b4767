package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.bundle.ConfigFile;

/** Evenly spaced numbers, rounded just as NumPy and torch round them, so that timesteps agree to the bit. */
final class Schedules {

    private static final double KARRAS_RHO = 7;

    private Schedules() {}

    /** {@code count} numbers from {@code first} to {@code last}, both included; NumPy's. */
    static double[] linspace(double first, double last, int count) {
        double[] values = new double[count];
        double step = count > 1 ? (last - first) / (count - 1) : 0;
        for (int i = 0; i < count; i++) {
            values[i] = i * step + first;
        }
        if (count > 1) {
            values[count - 1] = last;
        }
        return values;
    }

    /** {@code count} numbers from {@code first} to {@code last}, both included; torch's, which counts from both ends. */
    static float[] torchLinspace(float first, float last, int count) {
        float[] values = new float[count];
        float step = (last - first) / (count - 1);
        for (int i = 0; i < count; i++) {
            values[i] = i < count / 2 ? Math.fma(step, i, first) : Math.fma(-step, count - 1 - i, last);
        }
        return values;
    }

    /**
     * The timesteps that {@code timestep_spacing} chooses, falling (Lin et al. 2023, arXiv 2305.08891, table 2).
     *
     * @param absent the spacing of a config which names none
     * @param rounded whether {@code linspace} gives whole numbers
     */
    static double[] timesteps(ConfigFile config, int trainSteps, int steps, String absent, boolean rounded) {
        String spacing = config.text("timestep_spacing", absent);
        requireAtMost(trainSteps, steps);
        double[] timesteps = new double[steps];
        switch (spacing) {
            case "linspace" -> {
                double[] rising = linspace(0, trainSteps - 1, steps);
                for (int i = 0; i < steps; i++) {
                    double value = rising[steps - 1 - i];
                    timesteps[i] = rounded ? Math.rint(value) : (float) value;
                }
            }
            case "leading" -> {
                int ratio = trainSteps / steps;
                int offset = config.integer("steps_offset", 0);
                for (int i = 0; i < steps; i++) {
                    timesteps[i] = (double) (steps - 1 - i) * ratio + offset;
                }
            }
            case "trailing" -> {
                double ratio = (double) trainSteps / steps;
                for (int i = 0; i < steps; i++) {
                    timesteps[i] = Math.rint(trainSteps - i * ratio) - 1;
                }
            }
            default ->
                throw Schedulers.invalid(
                        config, "timestep_spacing must be linspace, leading or trailing, got %s", spacing);
        }
        return timesteps;
    }

    /**
     * The timesteps of a model that was distilled to {@code original_inference_steps} of them, falling.
     *
     * @param strength share of those that are chosen from, the lowest ones, in (0, 1]; where it has fewer than {@code
     *     steps}, there are fewer
     */
    static float[] distilled(ConfigFile config, int trainSteps, int steps, double strength) {
        int originalSteps = config.integer("original_inference_steps", 50);
        if (originalSteps < 1 || originalSteps > trainSteps) {
            throw Schedulers.invalid(
                    config, "original_inference_steps must be in [1, %d], got %d", trainSteps, originalSteps);
        }
        requireAtMost(originalSteps, steps);
        int stride = trainSteps / originalSteps;
        int choice = Math.max(1, (int) (originalSteps * strength));
        float[] timesteps = new float[Math.min(steps, choice)];
        double indexStep = (double) choice / timesteps.length;
        for (int i = 0; i < timesteps.length; i++) {
            int index = (int) Math.floor(i * indexStep);
            timesteps[i] = (choice - index) * stride - 1;
        }
        return timesteps;
    }

    static void requireAtMost(int most, int steps) {
        if (steps > most) {
            throw InferenceException.invalid("steps", "steps must be in [1, %d] for this model, got %d", most, steps);
        }
    }

    /** Whether the config asks for noise levels of a shape of their own. */
    static boolean resampled(ConfigFile config) {
        return config.flag("use_karras_sigmas", false) || config.flag("use_exponential_sigmas", false);
    }

    /** The noise levels of a config that is {@link #resampled}, from {@code max} down to {@code min}. */
    static double[] resample(ConfigFile config, double min, double max, int steps) {
        return config.flag("use_karras_sigmas", false) ? karras(min, max, steps) : exponential(min, max, steps);
    }

    /** Sigma after the last step: {@code final_sigmas_type}. */
    static float lastSigma(ConfigFile config, NoiseSchedule schedule) {
        boolean zero = Schedulers.requireOneOf(config, "final_sigmas_type", "zero", "sigma_min")
                .equals("zero");
        return zero ? 0 : schedule.sigma(0);
    }

    /** Sigmas falling as in Karras et al. 2022, arXiv 2206.00364, equation 5. */
    private static double[] karras(double min, double max, int steps) {
        double[] ramp = linspace(0, 1, steps);
        double low = Math.pow(min, 1 / KARRAS_RHO);
        double high = Math.pow(max, 1 / KARRAS_RHO);
        for (int i = 0; i < steps; i++) {
            ramp[i] = Math.pow(high + ramp[i] * (low - high), KARRAS_RHO);
        }
        return ramp;
    }

    /** Sigmas falling by equal factors. */
    private static double[] exponential(double min, double max, int steps) {
        double[] logs = linspace(Math.log(max), Math.log(min), steps);
        for (int i = 0; i < steps; i++) {
            logs[i] = Math.exp(logs[i]);
        }
        return logs;
    }

    static float[] toFloats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }
}
