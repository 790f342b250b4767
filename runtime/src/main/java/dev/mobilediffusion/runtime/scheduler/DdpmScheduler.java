package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/** The reverse of the noising itself, with fresh noise at each step (Ho et al. 2020, arXiv 2006.11239): {@code DDPMScheduler}. */
final class DdpmScheduler extends AlphaScheduler {

    private static final float SMALLEST_VARIANCE = 1e-20f;

    private final boolean large; // noise as large as the forward step's, else as the posterior's

    DdpmScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofAlphas(config, 0.0001, 0.02, "linear"), steps);
    }

    private DdpmScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, schedule, spaced(config, schedule, steps), config.flag("clip_sample", true));
        // fixed_small_log is the same standard deviation by way of a logarithm
        large = Schedulers.requireOneOf(config, "variance_type", "fixed_small", "fixed_small_log", "fixed_large")
                .equals("fixed_large");
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        float alpha = alpha(call);
        float alphaBefore = call + 1 < timesteps.length ? alpha(call + 1) : 1;
        float beta = 1 - alpha;
        float betaBefore = 1 - alphaBefore;
        float stepAlpha = alpha / alphaBefore;
        float stepBeta = 1 - stepAlpha;
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(beta);
        float originalWeight = NoiseSchedule.sqrt(alphaBefore) * stepBeta / beta;
        float sampleWeight = NoiseSchedule.sqrt(stepAlpha) * betaBefore / beta;
        boolean noisy = timesteps[call] > 0;
        float[] fresh = noisy ? noise.next(sample.length) : sample;
        float posterior = Math.max(betaBefore / beta * stepBeta, SMALLEST_VARIANCE);
        float deviation = noisy ? NoiseSchedule.sqrt(large ? stepBeta : posterior) : 0;
        for (int i = 0; i < sample.length; i++) {
            float original = clipped(predictionType.original(alphaRoot, betaRoot, modelOutput[i], sample[i]));
            sample[i] = originalWeight * original + sampleWeight * sample[i] + deviation * fresh[i];
        }
    }
}
