package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;

/**
 * How much of an image is left at each training timestep, by the betas that a scheduler's config describes. Single
 * precision where torch has it, so that trajectories agree. Immutable.
 */
final class NoiseSchedule {

    /** What replaces an alphasCumprod of 0, whose sigma would be infinite, in schedulers that work on sigmas. */
    private static final float TERMINAL_ALPHA = 0x1p-24f;

    private static final double MAX_BETA = 0.999;

    private final float[] alphasCumprod; // (trainSteps), falling
    private final float[] sigmas; // (trainSteps), rising

    private NoiseSchedule(float[] alphasCumprod) {
        this.alphasCumprod = alphasCumprod;
        this.sigmas = new float[alphasCumprod.length];
        for (int t = 0; t < sigmas.length; t++) {
            sigmas[t] = sqrt((1 - alphasCumprod[t]) / alphasCumprod[t]);
        }
    }

    /** The schedule of a scheduler that works on alphas. */
    static NoiseSchedule ofAlphas(ConfigFile config, double betaStart, double betaEnd, String shape) {
        return new NoiseSchedule(read(config, betaStart, betaEnd, shape));
    }

    /** The schedule of a scheduler that works on sigmas and knows no {@code rescale_betas_zero_snr}. */
    static NoiseSchedule ofSigmas(ConfigFile config, double betaStart, double betaEnd) {
        return new NoiseSchedule(cumprod(betas(config, betaStart, betaEnd, "linear")));
    }

    /** The schedule of a scheduler that works on sigmas, which must be finite. */
    static NoiseSchedule ofSigmas(ConfigFile config) {
        float[] alphas = read(config, 0.0001, 0.02, "linear");
        if (config.flag("rescale_betas_zero_snr", false)) {
            alphas[alphas.length - 1] = TERMINAL_ALPHA;
        }
        return new NoiseSchedule(alphas);
    }

    private static float[] read(ConfigFile config, double betaStart, double betaEnd, String shape) {
        float[] betas = betas(config, betaStart, betaEnd, shape);
        return cumprod(config.flag("rescale_betas_zero_snr", false) ? rescaledToZeroTerminalSnr(betas) : betas);
    }

    private static float[] betas(ConfigFile config, double absentStart, double absentEnd, String absentShape) {
        if (config.has("trained_betas")) {
            return config.numbers("trained_betas");
        }
        int count = config.integer("num_train_timesteps", 1000);
        if (count < 2) {
            throw Schedulers.invalid(config, "num_train_timesteps must be at least 2, got %d", count);
        }
        double start = config.number("beta_start", absentStart);
        double end = config.number("beta_end", absentEnd);
        String shape = config.text("beta_schedule", absentShape);
        return switch (shape) {
            case "linear" -> Schedules.torchLinspace((float) start, (float) end, count);
            case "scaled_linear" -> {
                float[] roots = Schedules.torchLinspace((float) Math.sqrt(start), (float) Math.sqrt(end), count);
                for (int t = 0; t < count; t++) {
                    roots[t] *= roots[t];
                }
                yield roots;
            }
            case "squaredcos_cap_v2" -> squaredCosine(count);
            default ->
                throw Schedulers.invalid(
                        config, "beta_schedule must be linear, scaled_linear or squaredcos_cap_v2, got %s", shape);
        };
    }

    /** Nichol and Dhariwal 2021, arXiv 2102.09672, equation 17. */
    private static float[] squaredCosine(int count) {
        float[] betas = new float[count];
        for (int t = 0; t < count; t++) {
            double from = alphaBar((double) t / count);
            double to = alphaBar((double) (t + 1) / count);
            betas[t] = (float) Math.min(1 - to / from, MAX_BETA);
        }
        return betas;
    }

    private static double alphaBar(double time) {
        double cosine = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }

    /** Lin et al. 2023, arXiv 2305.08891, algorithm 1. */
    private static float[] rescaledToZeroTerminalSnr(float[] betas) {
        float[] roots = cumprod(betas);
        int last = roots.length - 1;
        for (int t = 0; t <= last; t++) {
            roots[t] = sqrt(roots[t]);
        }
        float first = roots[0];
        float terminal = roots[last];
        float factor = first / (first - terminal);
        float[] rescaled = new float[roots.length];
        float before = 1;
        for (int t = 0; t <= last; t++) {
            float root = (roots[t] - terminal) * factor;
            float bar = root * root;
            rescaled[t] = 1 - bar / before;
            before = bar;
        }
        return rescaled;
    }

    /** Running product of {@code 1 - beta}, kept in double precision as torch keeps it. */
    private static float[] cumprod(float[] betas) {
        float[] products = new float[betas.length];
        double product = 1;
        for (int t = 0; t < betas.length; t++) {
            product *= 1 - betas[t];
            products[t] = (float) product;
        }
        return products;
    }

    int trainSteps() {
        return alphasCumprod.length;
    }

    /** Share of the image's variance at training timestep {@code t}. */
    float alphaCumprod(int t) {
        return alphasCumprod[t];
    }

    /** Standard deviation of the noise over that of the image, at training timestep {@code t}. */
    float sigma(int t) {
        return sigmas[t];
    }

    /** Training timesteps whose {@code log(1 / sigma)} is at least {@code min}: the first of them all, up to this many. */
    int stepsAbove(double min) {
        int steps = sigmas.length;
        while (steps > 1 && -Math.log(sigmas[steps - 1]) < min) {
            steps--;
        }
        return steps;
    }

    /** Sigma between two training timesteps, on a straight line. */
    double interpolatedSigma(double t) {
        int below = (int) Math.clamp(Math.floor(t), 0, sigmas.length - 1);
        if (below == sigmas.length - 1) {
            return sigmas[below];
        }
        double slope = (double) sigmas[below + 1] - sigmas[below];
        return slope * (t - below) + sigmas[below];
    }

    /** The timestep, with a fraction, whose sigma is {@code sigma}, on a straight line in the logarithm. */
    double timestepOf(double sigma) {
        double logSigma = Math.log(Math.max(sigma, 1e-10));
        int below = 0;
        while (below < sigmas.length - 2 && logSigma >= (float) Math.log(sigmas[below + 1])) {
            below++;
        }
        float low = (float) Math.log(sigmas[below]);
        float high = (float) Math.log(sigmas[below + 1]);
        double weight = Math.clamp((low - logSigma) / (low - high), 0, 1);
        return (1 - weight) * below + weight * (below + 1);
    }

    static float sqrt(float value) {
        return (float) Math.sqrt(value);
    }
}
