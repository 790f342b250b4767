package dev.mobilediffusion.runtime.scheduler;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ConfigFiles;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every scheduler against diffusers' own, step by step ({@code models/forge/goldens/schedulers.py}). */
final class SchedulerParityTest {

    private static final double LATENTS_TOLERANCE = 1e-4;

    /** Zero-terminal-SNR schedules start at a sigma of 4096, where two roundings are larger than the tolerance. */
    private static final double ROUNDING = 0x1p-22;

    /** What single precision leaves of a large number after many operations. */
    private static final double RELATIVE = 1e-5;

    /** A long ancestral step ends where two nearly equal squares differ, which magnifies one rounding. */
    private static final double TIMESTEP_TOLERANCE = 2e-3;

    private static final long SEED = 7;
    private static final float[] PATTERN = {1, -1, 0.5f, -0.5f, 0.25f, 2, -2, 0.125f};

    static Stream<JsonNode> trajectories() {
        List<JsonNode> trajectories = new ArrayList<>();
        TinyBundle.json(TinyBundle.resource("goldens/schedulers.json")).forEach(trajectories::add);
        return trajectories.stream();
    }

    @Test
    void thereAreTrajectoriesOfEveryScheduler() {
        assertThat(trajectories().count(), greaterThan(300L));
        assertThat(
                trajectories()
                        .map(trajectory -> trajectory.at("/config/_class_name").textValue())
                        .distinct()
                        .count(),
                is(15L));
    }

    @ParameterizedTest
    @MethodSource("trajectories")
    void walksTheWayOfDiffusers(JsonNode golden) {
        Scheduler scheduler = Schedulers.create(
                ConfigFiles.scheduler(golden.path("config")),
                golden.path("steps").intValue());
        assertClose("timestep", scheduler.timesteps(), golden.path("timesteps"), TIMESTEP_TOLERANCE);
        double sigma = golden.path("init_noise_sigma").doubleValue();
        assertThat((double) scheduler.initNoiseSigma(), is(closeTo(sigma, sigma * 1e-7)));

        GaussianNoise noise = GaussianNoise.seeded(SEED);
        float[] sample = new float[PATTERN.length];
        noise.fill(sample);
        int first = golden.path("first_call").intValue();
        if (first > 0) {
            scheduler.addNoise(first, PATTERN, sample.clone(), sample);
        } else {
            for (int i = 0; i < sample.length; i++) {
                sample[i] *= scheduler.initNoiseSigma();
            }
        }
        double tolerance = Math.max(LATENTS_TOLERANCE, ROUNDING * largest(sample));
        assertClose("start", sample, golden.path("start"), tolerance);
        float[] scaled = new float[sample.length];
        for (int call = first; call < scheduler.timesteps().length; call++) {
            scheduler.scaleModelInput(call, sample, scaled);
            scheduler.step(call, predicted(scaled), sample, noise);
            assertClose(
                    "sample after call " + call, sample, golden.path("samples").path(call - first), tolerance);
        }
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static float[] predicted(float[] scaled) {
        float[] output = new float[scaled.length];
        for (int i = 0; i < output.length; i++) {
            output[i] = 0.98f * scaled[i] + 0.05f * PATTERN[i];
        }
        return output;
    }

    private static void assertClose(String what, float[] values, JsonNode expected, double tolerance) {
        assertThat(what, values.length, is(expected.size()));
        for (int i = 0; i < values.length; i++) {
            double value = expected.path(i).doubleValue();
            assertThat(what, (double) values[i], is(closeTo(value, Math.max(tolerance, Math.abs(value) * RELATIVE))));
        }
    }
}
