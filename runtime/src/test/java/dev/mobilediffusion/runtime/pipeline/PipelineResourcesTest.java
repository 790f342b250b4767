package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.management.ThreadMXBean;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a pipeline holds and gives back: cancelled, resting, closed. */
final class PipelineResourcesTest extends PipelineFixture {

    /** ONNX Runtime's Java side makes some small objects for every run; a tensor of this model would be 2 KB more. */
    private static final long MAX_BYTES_PER_STEP = 4096;

    @Test
    void aTokenThatFiredBeforeStopsAtOnce() {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        List<Stage> stages = new ArrayList<>();

        assertCancelled(cancel, new ProgressListener() {
            @Override
            public void onStage(Stage stage) {
                stages.add(stage);
            }
        });
        assertThat(stages, is(empty()));
    }

    @Test
    void stopsBetweenStepsAndDrawsAgainAfterwards() {
        byte[] before = draw(HOUSE).rgb();
        CancelToken cancel = new CancelToken();
        List<Integer> steps = new ArrayList<>();

        assertCancelled(cancel, new ProgressListener() {
            @Override
            public void onStep(int step, int ofSteps) {
                steps.add(step);
                if (step == 2) {
                    cancel.cancel();
                }
            }
        });
        assertThat(steps, contains(1, 2));
        assertThat(draw(HOUSE).rgb(), is(before));
    }

    @Test
    void stopsInsideTheStageThatRuns() {
        for (Stage stage : List.of(Stage.TEXT_ENCODER, Stage.UNET, Stage.VAE_DECODER)) {
            CancelToken cancel = new CancelToken();
            List<Stage> stages = new ArrayList<>();

            assertCancelled(cancel, new ProgressListener() {
                @Override
                public void onStage(Stage entered) {
                    stages.add(entered);
                    if (entered == stage) {
                        cancel.cancel();
                    }
                }
            });
            assertThat(stages.getLast(), is(stage));
        }
    }

    @Test
    void theSmallProfileDrawsTheSameImage() {
        RuntimeOptions small = RuntimeOptions.defaults().withMemory(RuntimeOptions.MemoryProfile.SMALL);
        ImageRequest request = HOUSE.withSteps(3).withGuidanceScale(5);
        try (TextToImagePipeline speedy = load(TinyBundle.STABLE_DIFFUSION, RuntimeOptions.defaults());
                TextToImagePipeline saving = load(TinyBundle.STABLE_DIFFUSION, small)) {
            byte[] expected = draw(speedy, request).rgb();
            byte[] found = draw(saving, request).rgb();

            int largest = 0;
            for (int i = 0; i < found.length; i++) {
                largest = Math.max(largest, Math.abs((found[i] & 0xff) - (expected[i] & 0xff)));
            }
            assertThat("difference of one byte", largest, is(lessThan(3)));
        }
    }

    @Test
    void theSmallProfileHoldsNoNetworkAfterAnImageThatWasCancelled(@TempDir Path graphs) {
        RuntimeOptions small = RuntimeOptions.defaults()
                .withMemory(RuntimeOptions.MemoryProfile.SMALL)
                .withGraphs(new GraphFolder(graphs, ""));
        long before = OnnxRuntime.openSessions();
        try (TextToImagePipeline saving = load(TinyBundle.STABLE_DIFFUSION, small)) {
            for (Stage stage : List.of(Stage.TEXT_ENCODER, Stage.UNET, Stage.VAE_DECODER)) {
                CancelToken cancel = new CancelToken();
                ProgressListener listener = new ProgressListener() {
                    @Override
                    public void onStage(Stage entered) {
                        if (entered == stage) {
                            cancel.cancel();
                        }
                    }
                };
                ImageRequest request = ImageRequest.of("a star " + stage, 1);

                assertThrows(InferenceException.class, () -> saving.generate(request, listener, cancel));

                assertThat(stage.label(), OnnxRuntime.openSessions(), is(before));
            }
            CancelToken betweenSteps = new CancelToken();
            ProgressListener listener = new ProgressListener() {
                @Override
                public void onStep(int step, int steps) {
                    betweenSteps.cancel();
                }
            };

            assertThrows(InferenceException.class, () -> saving.generate(HOUSE, listener, betweenSteps));

            assertThat(OnnxRuntime.openSessions(), is(before));
        }
    }

    @Test
    void closesEverythingThatItOpened() {
        long before = OnnxRuntime.openHandles();
        TextToImagePipeline another = load(TinyBundle.STABLE_DIFFUSION, RuntimeOptions.defaults());
        draw(another, HOUSE.withSteps(1));
        another.close();
        another.close();

        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    @Test
    void aStepAllocatesNoTensors() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] atStep = new long[21];
        ProgressListener listener = new ProgressListener() {
            @Override
            public void onStep(int step, int steps) {
                atStep[step] = threads.getCurrentThreadAllocatedBytes();
            }
        };
        model.generate(HOUSE.withSteps(20), listener, new CancelToken());
        model.generate(HOUSE.withSteps(20), listener, new CancelToken());

        assertThat((atStep[20] - atStep[10]) / 10, is(lessThan(MAX_BYTES_PER_STEP)));
    }

    private void assertCancelled(CancelToken cancel, ProgressListener listener) {
        try {
            model.generate(ImageRequest.of("a star " + cancel.hashCode(), 1), listener, cancel);
        } catch (InferenceException cancelled) {
            assertThat(cancelled.code(), is(InferenceException.Code.CANCELLED));
            return;
        }
        throw new AssertionError("the picture was drawn to its end");
    }
}
