package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import java.util.Arrays;

/**
 * Linear multistep on the last four predictions (Liu et al. 2022, arXiv 2202.09778): {@code PNDMScheduler} with {@code
 * skip_prk_steps}, the default of Stable Diffusion 1. Its second timestep is walked twice, so the UNet runs once more
 * than there are steps.
 */
final class PndmScheduler extends AlphaScheduler {

    private static final int HISTORY = 4;

    private final int stride; // training timesteps between two steps
    private final float finalAlpha;
    private final float[][] history = new float[HISTORY][0]; // (4, latents), newest first
    private int remembered;
    private int calls; // made so far
    private float[] first = {}; // (latents), the sample of the first call
    private float[] averaged = {}; // (latents)

    PndmScheduler(ConfigFile config, int steps) {
        this(config, NoiseSchedule.ofAlphas(config, 0.0001, 0.02, "linear"), steps);
    }

    private PndmScheduler(ConfigFile config, NoiseSchedule schedule, int steps) {
        super(config, schedule, secondTwice(spaced(config, schedule, steps)), false);
        if (!config.flag("skip_prk_steps", false)) {
            throw Schedulers.invalid(config, "skip_prk_steps false is not supported here; set it to true");
        }
        predictionType.refuseSample(config);
        stride = schedule.trainSteps() / steps;
        finalAlpha = config.flag("set_alpha_to_one", false) ? 1 : schedule.alphaCumprod(0);
    }

    private static float[] secondTwice(float[] falling) {
        if (falling.length == 1) {
            return falling;
        }
        float[] timesteps = new float[falling.length + 1];
        System.arraycopy(falling, 0, timesteps, 0, 2);
        System.arraycopy(falling, 1, timesteps, 2, falling.length - 1);
        return timesteps;
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        if (averaged.length != sample.length) {
            averaged = new float[sample.length];
            first = new float[sample.length];
            Arrays.setAll(history, i -> new float[sample.length]);
        }
        int timestep = (int) timesteps[call];
        int earlier = calls++;
        if (earlier == 1) {
            // The first step again, from the same sample, by the average of both ends
            System.arraycopy(first, 0, sample, 0, sample.length);
            for (int i = 0; i < sample.length; i++) {
                averaged[i] = (modelOutput[i] + history[0][i]) / 2;
            }
            move(timestep + stride, timestep, sample);
            return;
        }
        if (earlier == 0) {
            System.arraycopy(sample, 0, first, 0, sample.length);
        }
        remember(modelOutput);
        average();
        move(timestep, timestep - stride, sample);
    }

    private void remember(float[] modelOutput) {
        float[] oldest = history[HISTORY - 1];
        System.arraycopy(history, 0, history, 1, HISTORY - 1);
        history[0] = oldest;
        System.arraycopy(modelOutput, 0, oldest, 0, oldest.length);
        remembered = Math.min(remembered + 1, HISTORY);
    }

    /** Adams and Bashforth's weights, of the order that the history allows. */
    private void average() {
        for (int i = 0; i < averaged.length; i++) {
            averaged[i] = switch (remembered) {
                case 1 -> history[0][i];
                case 2 -> (3 * history[0][i] - history[1][i]) / 2;
                case 3 -> (23 * history[0][i] - 16 * history[1][i] + 5 * history[2][i]) / 12;
                default ->
                    (float) (1 / 24.0)
                            * (55 * history[0][i] - 59 * history[1][i] + 37 * history[2][i] - 9 * history[3][i]);
            };
        }
    }

    /** Equation 9 of the paper. */
    private void move(int from, int to, float[] sample) {
        float alpha = schedule.alphaCumprod(Math.min(from, schedule.trainSteps() - 1));
        float alphaTo = to >= 0 ? schedule.alphaCumprod(to) : finalAlpha;
        float beta = 1 - alpha;
        float scale = NoiseSchedule.sqrt(alphaTo / alpha);
        float divisor = alpha * NoiseSchedule.sqrt(1 - alphaTo) + NoiseSchedule.sqrt(alpha * beta * alphaTo);
        float alphaRoot = NoiseSchedule.sqrt(alpha);
        float betaRoot = NoiseSchedule.sqrt(beta);
        for (int i = 0; i < sample.length; i++) {
            float epsilon = predictionType == PredictionType.EPSILON
                    ? averaged[i]
                    : alphaRoot * averaged[i] + betaRoot * sample[i];
            sample[i] = scale * sample[i] - (alphaTo - alpha) * epsilon / divisor;
        }
    }
}
