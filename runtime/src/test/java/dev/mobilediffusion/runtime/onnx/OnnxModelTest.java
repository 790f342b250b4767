package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OnnxModelTest {

    private static final RuntimeOptions OPTIONS = RuntimeOptions.defaults().withThreads(1);
    private static final Path UNET =
            TinyBundle.folder(TinyBundle.STABLE_DIFFUSION).resolve("unet/model.onnx");
    private static final Path HALF_UNET = TinyBundle.folder(TinyBundle.LCM).resolve("unet/model.onnx");

    @Test
    void readsNamesTypesAndShapesFromTheFile() {
        try (OnnxModel unet = OnnxModel.open(UNET, "unet", OPTIONS, true)) {
            assertThat(
                    unet.inputs().stream().map(TensorSpec::toString).toList(),
                    contains(
                            "sample FLOAT32[-1, 4, 8, 8]",
                            "timestep INT64[-1]",
                            "encoder_hidden_states FLOAT32[-1, 77, 16]"));
            assertThat(unet.outputs().get(0).name(), is("out_sample"));
        }
    }

    @Test
    void runsWithExternalDataAndInHalfPrecision() {
        try (OnnxModel unet = OnnxModel.open(HALF_UNET, "unet", OPTIONS, true);
                TensorBuffer sample = unet.allocate(unet.input("sample"), 1, 4, 8, 8);
                TensorBuffer timestep = unet.allocate(unet.input("timestep"));
                TensorBuffer states = unet.allocate(unet.input("encoder_hidden_states"), 1, 77, 16);
                TensorBuffer guidance = unet.allocate(unet.input("timestep_cond"), 1, 32);
                TensorBuffer prediction = unet.allocate(unet.outputs().get(0), 1, 4, 8, 8)) {
            assertThat(unet.input("sample").type(), is(ElementType.FLOAT16));
            sample.fill(0.5f);
            timestep.put(0, 999);
            unet.bind(List.of(sample, timestep, states, guidance), List.of(prediction))
                    .run(new CancelToken());

            float[] values = new float[prediction.size()];
            prediction.read(0, values);
            assertThat(spread(values), greaterThan(0.01));
        }
    }

    @Test
    void refusesATensorOfTheWrongShape() {
        try (OnnxModel unet = OnnxModel.open(UNET, "unet", OPTIONS, true)) {
            InferenceException refusal =
                    assertThrows(InferenceException.class, () -> unet.allocate(unet.input("sample"), 1, 8, 8, 8));

            assertThat(refusal.getMessage(), is("unet: sample FLOAT32[-1, 4, 8, 8] must take [1, 8, 8, 8]"));
        }
    }

    @Test
    void namesAnInputThatIsNotThere() {
        try (OnnxModel unet = OnnxModel.open(UNET, "unet", OPTIONS, true)) {
            InferenceException refusal = assertThrows(InferenceException.class, () -> unet.input("latents"));

            assertThat(refusal.getMessage(), containsString("unet lacks the input latents; it has [sample FLOAT32"));
        }
    }

    @Test
    void refusesATruncatedFileAndLeavesNothingOpen(@TempDir Path folder) throws IOException {
        long before = OnnxRuntime.openHandles();
        byte[] whole = Files.readAllBytes(UNET);
        Path truncated = Files.write(folder.resolve("model.onnx"), Arrays.copyOf(whole, whole.length / 2));

        InferenceException refusal =
                assertThrows(InferenceException.class, () -> OnnxModel.open(truncated, "unet", OPTIONS, true));

        assertThat(refusal.code(), is(InferenceException.Code.INVALID_BUNDLE));
        assertThat(refusal.getMessage(), containsString(truncated + " is truncated, or not a network"));
        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    @Test
    void namesAMissingExternalDataFile(@TempDir Path folder) throws IOException {
        Path alone = Files.copy(HALF_UNET, folder.resolve("model.onnx"));

        InferenceException refusal =
                assertThrows(InferenceException.class, () -> OnnxModel.open(alone, "unet", OPTIONS, true));

        assertThat(refusal.getMessage(), containsString("model.onnx_data"));
    }

    @Test
    void aFiredTokenEndsTheRunAndTheNextRunWorks() {
        try (Unet unet = new Unet()) {
            CancelToken fired = new CancelToken();
            fired.cancel();

            InferenceException cancelled = assertThrows(InferenceException.class, () -> unet.binding.run(fired));

            assertThat(cancelled.code(), is(InferenceException.Code.CANCELLED));
            unet.binding.run(new CancelToken());
        }
    }

    @Test
    void aTokenThatFiresWhileRunsEndNeverTouchesFreedMemory() throws InterruptedException {
        try (Unet unet = new Unet()) {
            for (int round = 0; round < 50; round++) {
                CancelToken token = new CancelToken();
                Thread firing = Thread.ofPlatform().start(token::cancel);
                try {
                    unet.binding.run(token);
                } catch (InferenceException cancelled) {
                    assertThat(cancelled.code(), is(InferenceException.Code.CANCELLED));
                }
                firing.join();
            }
            unet.binding.run(new CancelToken());
        }
    }

    @Test
    void convertsEveryElementType() {
        try (OnnxModel unet = OnnxModel.open(UNET, "unet", OPTIONS, true)) {
            for (ElementType type : ElementType.values()) {
                try (TensorBuffer buffer = unet.allocate(new TensorSpec("t", type, new long[] {-1}), 3)) {
                    boolean truth = type == ElementType.BOOL; // which is 1 for whatever is not 0
                    buffer.put(0, 1, -2, 3);
                    float[] values = new float[2];
                    buffer.read(1, values);
                    assertThat(type.name(), values, is(truth ? new float[] {1, 1} : new float[] {-2, 3}));
                    buffer.putInts(new int[] {7, 0, 9});
                    buffer.read(1, values);
                    assertThat(type.name(), values, is(new float[] {0, truth ? 1 : 9}));
                }
            }
        }
    }

    @Test
    void closesWhatItOpens() {
        long before = OnnxRuntime.openHandles();
        long opened = OnnxRuntime.openedHandles();
        Unet unet = new Unet();
        unet.close();
        unet.close();

        assertThat(OnnxRuntime.openHandles(), is(before));
        assertThat(OnnxRuntime.openedHandles() - opened, is(5L));
    }

    private static double spread(float[] values) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (float value : values) {
            min = Math.min(min, value);
            max = Math.max(max, value);
        }
        return max - min;
    }

    /** A network with its buffers: five native objects. */
    private static final class Unet implements AutoCloseable {

        private final OnnxModel model = OnnxModel.open(UNET, "unet", OPTIONS, true);
        private final TensorBuffer sample = model.allocate(model.input("sample"), 1, 4, 8, 8);
        private final TensorBuffer timestep = model.allocate(model.input("timestep"), 1);
        private final TensorBuffer states = model.allocate(model.input("encoder_hidden_states"), 1, 77, 16);
        private final TensorBuffer prediction = model.allocate(model.outputs().get(0), 1, 4, 8, 8);
        private final OnnxModel.Binding binding = model.bind(List.of(sample, timestep, states), List.of(prediction));

        @Override
        public void close() {
            prediction.close();
            states.close();
            timestep.close();
            sample.close();
            model.close();
        }
    }
}
