package dev.mobilediffusion.runtime.diffusion;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/** Euler's method that steps further down and adds fresh noise: {@code EulerAncestralDiscreteScheduler}. */
final class EulerAncestralScheduler implements Scheduler {

    private final PredictionType predictionType;
    private final float[] sigmas; // (steps + 1), falling to 0
    private final float[] timesteps; // (steps)
    private final float initNoiseSigma;
    private float[] fresh = {}; // (latents), the added noise

    EulerAncestralScheduler(ConfigFile config, int steps) {
        predictionType = PredictionType.of(config);
        if (predictionType == PredictionType.SAMPLE) {
            throw Schedulers.invalid(config, "prediction_type sample is not defined for this scheduler");
        }
        NoiseSchedule schedule = NoiseSchedule.ofSigmas(config);
        double[] times = Schedules.timesteps(config, schedule.trainSteps(), steps, "linspace", false);
        timesteps = Schedules.toFloats(times);
        sigmas = new float[steps + 1];
        for (int i = 0; i < steps; i++) {
            sigmas[i] = (float) schedule.interpolatedSigma(times[i]);
        }
        float max = sigmas[0];
        boolean leading = config.text("timestep_spacing", "linspace").equals("leading");
        initNoiseSigma = leading ? NoiseSchedule.sqrt(max * max + 1) : max;
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
            original[i] = EulerScheduler.original(predictionType, sigmas[step], modelOutput[i], sample[i]);
        }
    }

    @Override
    public void step(int step, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float from = sigmas[step];
        float to = sigmas[step + 1];
        float up = NoiseSchedule.sqrt(to * to * (from * from - to * to) / (from * from));
        float down = NoiseSchedule.sqrt(to * to - up * up);
        float dt = down - from;
        if (fresh.length != sample.length) {
            fresh = new float[sample.length];
        }
        noise.fill(fresh);
        for (int i = 0; i < sample.length; i++) {
            float original = EulerScheduler.original(predictionType, from, modelOutput[i], sample[i]);
            float moved = sample[i] + (sample[i] - original) / from * dt;
            sample[i] = moved + fresh[i] * up;
        }
    }
}
