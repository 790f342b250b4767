package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import java.util.Arrays;

/** Euler's method on the probability flow (Karras et al. 2022, algorithm 2 without churn): {@code EulerDiscreteScheduler}. */
final class EulerScheduler implements Scheduler {

    private final PredictionType predictionType;
    private final float[] sigmas; // (steps + 1), falling to 0
    private final float[] timesteps; // (steps)
    private final float initNoiseSigma;

    EulerScheduler(ConfigFile config, int steps) {
        Schedulers.refuse(config, "use_beta_sigmas");
        predictionType = PredictionType.of(config);
        NoiseSchedule schedule = NoiseSchedule.ofSigmas(config);
        double[] times = Schedules.timesteps(config, schedule.trainSteps(), steps, "linspace", false);
        double[] falling = sigmas(config, schedule, times);
        sigmas = Arrays.copyOf(Schedules.toFloats(falling), steps + 1);
        sigmas[steps] = lastSigma(config, schedule);
        timesteps = timesteps(config, schedule, times, falling);
        float max = sigmas[0];
        boolean leading = config.text("timestep_spacing", "linspace").equals("leading");
        initNoiseSigma = leading ? NoiseSchedule.sqrt(max * max + 1) : max;
    }

    private static double[] sigmas(ConfigFile config, NoiseSchedule schedule, double[] times) {
        int steps = times.length;
        double[] sigmas = new double[steps];
        for (int i = 0; i < steps; i++) {
            sigmas[i] = schedule.interpolatedSigma(times[i]);
        }
        String interpolation = config.text("interpolation_type", "linear");
        if (!interpolation.equals("linear")) {
            throw Schedulers.invalid(config, "interpolation_type must be linear, got %s", interpolation);
        }
        double min = config.number("sigma_min", sigmas[steps - 1]);
        double max = config.number("sigma_max", sigmas[0]);
        if (config.flag("use_karras_sigmas", false)) {
            return Schedules.karras(min, max, steps);
        }
        return config.flag("use_exponential_sigmas", false) ? Schedules.exponential(min, max, steps) : sigmas;
    }

    private static float[] timesteps(ConfigFile config, NoiseSchedule schedule, double[] times, double[] sigmas) {
        float[] timesteps = Schedules.toFloats(times);
        boolean resampled = config.flag("use_karras_sigmas", false) || config.flag("use_exponential_sigmas", false);
        boolean continuous = config.text("timestep_type", "discrete").equals("continuous")
                && PredictionType.of(config) == PredictionType.V_PREDICTION;
        for (int i = 0; i < timesteps.length; i++) {
            if (continuous) {
                timesteps[i] = 0.25f * (float) Math.log((float) sigmas[i]);
            } else if (resampled) {
                timesteps[i] = (float) schedule.timestepOf(sigmas[i]);
            }
        }
        return timesteps;
    }

    /** Sigma after the last step: {@code final_sigmas_type}. */
    static float lastSigma(ConfigFile config, NoiseSchedule schedule) {
        String last = config.text("final_sigmas_type", "zero");
        return switch (last) {
            case "zero" -> 0;
            case "sigma_min" -> schedule.sigma(0);
            default -> throw Schedulers.invalid(config, "final_sigmas_type must be zero or sigma_min, got %s", last);
        };
    }

    @Override
    public float[] timesteps() {
        return timesteps.clone();
    }

    @Override
    public float initNoiseSigma() {
        return initNoiseSigma;
    }

    @Override
    public void scaleModelInput(int step, float[] sample, float[] scaled) {
        float divisor = NoiseSchedule.sqrt(sigmas[step] * sigmas[step] + 1);
        for (int i = 0; i < sample.length; i++) {
            scaled[i] = sample[i] / divisor;
        }
    }

    @Override
    public void predictOriginal(int step, float[] modelOutput, float[] sample, float[] original) {
        for (int i = 0; i < sample.length; i++) {
            original[i] = original(predictionType, sigmas[step], modelOutput[i], sample[i]);
        }
    }

    @Override
    public void step(int step, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float sigma = sigmas[step];
        float dt = sigmas[step + 1] - sigma;
        for (int i = 0; i < sample.length; i++) {
            float original = original(predictionType, sigma, modelOutput[i], sample[i]);
            sample[i] += (sample[i] - original) / sigma * dt;
        }
    }

    /** The picture in a sample of noise level {@code sigma}. */
    static float original(PredictionType type, float sigma, float modelOutput, float sample) {
        return switch (type) {
            case EPSILON -> sample - sigma * modelOutput;
            case V_PREDICTION -> {
                float variance = sigma * sigma + 1;
                yield modelOutput * (-sigma / NoiseSchedule.sqrt(variance)) + sample / variance;
            }
            case SAMPLE -> modelOutput;
        };
    }
}
