package dev.mobilediffusion.runtime.scheduler;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.bundle.ConfigFiles;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a scheduler's last step leads to the image itself, its prediction before that step is where it leads. */
final class PredictedOriginalTest {

    private static final int STEPS = 4;

    @ParameterizedTest
    @CsvSource({
        "FlowMatchEulerDiscreteScheduler, flow",
        "EulerDiscreteScheduler, epsilon",
        "EulerDiscreteScheduler, v_prediction",
        "EulerAncestralDiscreteScheduler, epsilon",
        "DPMSolverMultistepScheduler, epsilon",
        "DPMSolverMultistepScheduler, v_prediction",
        "DDIMScheduler, epsilon",
        "DDIMScheduler, v_prediction",
        "PNDMScheduler, epsilon",
        "HeunDiscreteScheduler, epsilon",
        "KDPM2DiscreteScheduler, v_prediction",
        "KDPM2AncestralDiscreteScheduler, epsilon",
        "UniPCMultistepScheduler, epsilon",
        "DDPMScheduler, epsilon"
    })
    void isWhereTheLastStepLeads(String name, String predictionType) {
        String prediction = predictionType.equals("flow") ? "" : ",\"prediction_type\":\"" + predictionType + "\"";
        Scheduler scheduler = Schedulers.create(
                ConfigFiles.scheduler(
                        "{\"_class_name\":\"%s\",\"beta_schedule\":\"scaled_linear\",\"clip_sample\":false,"
                                        .formatted(name)
                                + "\"set_alpha_to_one\":true,\"skip_prk_steps\":true,\"steps_offset\":0" + prediction
                                + "}"),
                STEPS);
        GaussianNoise noise = GaussianNoise.seeded(7);
        float[] sample = new float[64];
        noise.fill(sample);
        float[] output = new float[sample.length];
        noise.fill(output); // the same prediction at each step, so that multistep averages are that prediction, too
        float[] original = new float[sample.length];
        float[] untouched = sample.clone();
        int last = scheduler.timesteps().length - 1;
        for (int step = 0; step < last; step++) {
            scheduler.step(step, output, sample, noise);
            untouched = sample.clone();
        }

        scheduler.predictOriginal(last, output, sample, original);

        assertThat("the sample is only read", sample, is(untouched));
        scheduler.step(last, output, sample, noise);
        for (int i = 0; i < sample.length; i++) {
            assertThat((double) sample[i], closeTo(original[i], 1e-3 * (1 + Math.abs(original[i]))));
        }
    }
}
