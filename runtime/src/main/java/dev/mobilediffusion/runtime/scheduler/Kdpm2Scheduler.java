package dev.mobilediffusion.runtime.scheduler;

import dev.mobilediffusion.runtime.bundle.ConfigFile;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;

/**
 * The midpoint method in the logarithm of sigma, as DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927) in Karras et al.'s
 * frame: {@code KDPM2DiscreteScheduler}, and with fresh noise at each step {@code KDPM2AncestralDiscreteScheduler}. Two
 * calls a step, but for the last, which is Euler's.
 */
final class Kdpm2Scheduler extends SigmaScheduler {

    /**
     * Where each step goes.
     *
     * @param sigmas (steps + 1), falling to 0
     * @param middles (steps), the level of the second call; 0 for the last step, which has none
     * @param downs (steps), where the step ends before fresh noise
     * @param ups (steps), the fresh noise's standard deviation
     */
    private record Route(float[] sigmas, float[] middles, float[] downs, float[] ups) {

        static Route of(float[] sigmas, boolean ancestral) {
            int steps = sigmas.length - 1;
            Route route = new Route(sigmas, new float[steps], new float[steps], new float[steps]);
            for (int i = 0; i < steps; i++) {
                Ancestral step = ancestral ? Ancestral.step(sigmas[i], sigmas[i + 1]) : new Ancestral(sigmas[i + 1], 0);
                route.downs[i] = step.down();
                route.ups[i] = step.up();
                route.middles[i] = i + 1 < steps ? geometricMean(sigmas[i], step.down()) : 0;
            }
            return route;
        }

        /** Rounded after each operation, as torch does. */
        private static float geometricMean(float high, float low) {
            float logHigh = (float) Math.log(high);
            return (float) Math.exp(logHigh + 0.5f * ((float) Math.log(low) - logHigh));
        }

        /** What the UNet sees at each call. */
        float[] levels() {
            return interleaved(sigmas, middles, middles.length);
        }
    }

    private final Route route;
    private final boolean ancestral;
    private float[] first = {}; // (latents), the sample that the step began from

    Kdpm2Scheduler(ConfigFile config, int steps, boolean ancestral) {
        this(config, NoiseSchedule.ofSigmas(config, LATE_BETA_START, LATE_BETA_END), steps, ancestral);
    }

    private Kdpm2Scheduler(ConfigFile config, NoiseSchedule schedule, int steps, boolean ancestral) {
        this(config, schedule, Plan.of(config, schedule, steps), ancestral);
    }

    private Kdpm2Scheduler(ConfigFile config, NoiseSchedule schedule, Plan plan, boolean ancestral) {
        this(config, schedule, plan, Route.of(Schedules.toFloats(plan.sigmas()), ancestral), ancestral);
    }

    private Kdpm2Scheduler(ConfigFile config, NoiseSchedule schedule, Plan plan, Route route, boolean ancestral) {
        super(config, route.levels(), timesteps(config, schedule, plan, route));
        this.route = route;
        this.ancestral = ancestral;
        predictionType.refuseSample(config);
    }

    private static float[] timesteps(ConfigFile config, NoiseSchedule schedule, Plan plan, Route route) {
        float[] whole = Schedules.toFloats(plan.timesteps());
        float[] middles = new float[whole.length];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = config.flag("use_karras_sigmas", false) ? (float) Math.rint(whole[i]) : whole[i];
            middles[i] = (float) schedule.timestepOf(route.middles()[i]);
        }
        return interleaved(whole, middles, whole.length);
    }

    /** The first of each, then the second of each, for every step but the last, which has no second. */
    private static float[] interleaved(float[] starts, float[] middles, int steps) {
        float[] both = new float[2 * steps - 1];
        for (int i = 0; i < both.length; i++) {
            both[i] = i % 2 == 0 ? starts[i / 2] : middles[i / 2];
        }
        return both;
    }

    @Override
    public int callsPerStep() {
        return 2;
    }

    @Override
    public void step(int call, float[] modelOutput, float[] sample, GaussianNoise noise) {
        if (first.length != sample.length) {
            first = new float[sample.length];
        }
        int step = call / 2;
        float from = route.sigmas[step];
        float middle = route.middles[step];
        if (call % 2 == 0) {
            System.arraycopy(sample, 0, first, 0, sample.length);
            for (int i = 0; i < sample.length; i++) {
                sample[i] += (sample[i] - original(from, modelOutput[i], sample[i])) / from * (middle - from);
            }
            return;
        }
        float dt = route.downs[step] - from;
        for (int i = 0; i < sample.length; i++) {
            sample[i] = first[i] + (sample[i] - original(middle, modelOutput[i], sample[i])) / middle * dt;
        }
        if (ancestral) {
            float[] fresh = noise.next(sample.length);
            for (int i = 0; i < sample.length; i++) {
                sample[i] += fresh[i] * route.ups[step];
            }
        }
    }
}
