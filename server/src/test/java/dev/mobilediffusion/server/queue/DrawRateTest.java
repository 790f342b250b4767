package dev.mobilediffusion.server.queue;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class DrawRateTest {

    private static final ModelInfo ONE_STEP = model("one-step", 1, 1);
    private static final ModelInfo GUIDED = model("guided", 20, 7.5);

    private final DrawRate rate = new DrawRate();

    @Test
    void countsTheCallsOfTheNetworkRatherThanImages() {
        rate.observe(new DrawCost(ONE_STEP, 1, Duration.ofMillis(50), Duration.ofMillis(20)));

        assertThat(seconds(rate.whole(task(ONE_STEP, request()))), closeTo(0.07, 1e-6));
        assertThat(seconds(rate.whole(task(ONE_STEP, request().withSteps(100)))), closeTo(5.02, 1e-6));
        assertThat(
                seconds(rate.whole(task(ONE_STEP, request().withSteps(100).withGuidanceScale(3)))),
                closeTo(10.02, 1e-6));
    }

    @Test
    void anImageOfManyStepsTeachesWhatOneStepTakes() {
        rate.observe(new DrawCost(GUIDED, 40, Duration.ofSeconds(80), Duration.ofSeconds(5)));
        rate.observe(new DrawCost(ONE_STEP, 1, Duration.ofMillis(50), Duration.ofMillis(20)));

        assertThat(seconds(rate.whole(task(GUIDED, request()))), closeTo(85, 1e-6));
        assertThat(seconds(rate.whole(task(GUIDED, request().withSteps(2).withGuidanceScale(1)))), closeTo(9, 1e-6));
    }

    @Test
    void aSecondPassCostsAPassForEachTile() {
        rate.observe(new DrawCost(GUIDED, 40, Duration.ofSeconds(80), Duration.ofSeconds(5)));
        SecondPass pass = new SecondPass(2 * GUIDED.width(), GUIDED.height(), "", 0.5, OptionalInt.of(10));
        ImageRequest larger = request().withSecondPass(Optional.of(pass));

        assertThat(
                "20 steps, three tiles of 5 steps, all guided",
                seconds(rate.whole(task(GUIDED, larger))),
                closeTo(2 * (40 + 3 * 10) + 5 * 4, 1e-6));
    }

    @Test
    void whatIsDoneOfARunningImageIsTakenOff() {
        rate.observe(new DrawCost(ONE_STEP, 1, Duration.ofMillis(50), Duration.ofMillis(20)));
        ImageTask task = task(ONE_STEP, request().withSteps(100));
        Job job = task.job();
        job.start(Instant.EPOCH);
        assertThat(seconds(rate.left(task)), closeTo(5.02, 1e-6));
        job.beginStage(0, Stage.UNET);
        job.endStep(0, 75, 100);
        assertThat(seconds(rate.left(task)), closeTo(1.27, 1e-6));
        job.beginStage(0, Stage.VAE_DECODER);
        assertThat(seconds(rate.left(task)), closeTo(0.01, 1e-6));
    }

    @Test
    void aModelThatHasNeverDrawnIsGuessedByItsSteps() {
        assertThat(seconds(rate.whole(task(GUIDED, request().withSteps(10)))), closeTo(11, 1e-6));
    }

    private static ImageRequest request() {
        return ImageRequest.of("a house", 1);
    }

    private static ImageTask task(ModelInfo model, ImageRequest request) {
        return new ImageTask(
                new Job("job_1", JobSpec.of(model.name(), request), QueueFixture.ALICE, Instant.EPOCH, 0), 0);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private static ModelInfo model(String name, int steps, double guidanceScale) {
        return new ModelInfo(
                name, 512, 512, steps, guidanceScale, false, "EulerDiscreteScheduler", 0, List.of(), Map.of(), "", "");
    }
}
