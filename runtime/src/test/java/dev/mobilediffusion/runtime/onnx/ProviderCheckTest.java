package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With a real network; what a provider makes of it is its true output, disturbed. */
final class ProviderCheckTest {

    private OrtEnvironment environment;
    private OrtSession session;
    private Map<String, OnnxTensor> inputs;
    private float[] right; // (1, 4, 8, 8)

    @BeforeEach
    void run() throws OrtException {
        environment =
                OnnxRuntime.instance(RuntimeOptions.defaults().withThreads(1)).environment();
        session = environment.createSession(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION)
                .resolve("unet/model.onnx")
                .toString());
        inputs = Map.of(
                "sample", filled(0.5f, 1, 4, 8, 8),
                "timestep", OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[] {999}), new long[] {1}),
                "encoder_hidden_states", filled(0.1f, 1, 77, 16));
        try (OrtSession.Result result = session.run(inputs)) {
            FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
            right = new float[values.remaining()];
            values.get(right);
        }
    }

    @AfterEach
    void close() throws OrtException {
        inputs.values().forEach(OnnxTensor::close);
        session.close();
    }

    @Test
    void theSameOutputDiffersByNothing() throws OrtException {
        assertThat(decibels(right), is(Double.POSITIVE_INFINITY));
    }

    @Test
    void roundingIsAllowed() throws OrtException {
        float[] rounded = right.clone();
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] *= i % 2 == 0 ? 1.01f : 0.99f; // 40 dB
        }
        assertThat(decibels(rounded), greaterThan(ProviderCheck.LEAST_DECIBELS));
    }

    @Test
    void anotherOrderOfTheValuesIsWrong() throws OrtException {
        float[] shifted = right.clone();
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] = right[(i + 1) % right.length];
        }
        assertThat(decibels(shifted), lessThan(ProviderCheck.LEAST_DECIBELS));
    }

    @Test
    void anOutputThatIsNoNumberIsWrong() throws OrtException {
        float[] broken = right.clone();
        Arrays.fill(broken, 3, 5, Float.NaN);
        assertThat(decibels(broken), is(Double.NEGATIVE_INFINITY));
    }

    private double decibels(float[] computed) throws OrtException {
        try (OnnxTensor output =
                OnnxTensor.createTensor(environment, FloatBuffer.wrap(computed), new long[] {1, 4, 8, 8})) {
            return ProviderCheck.decibels(session, inputs, Map.of("out_sample", output));
        }
    }

    private OnnxTensor filled(float value, long... shape) throws OrtException {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        Arrays.fill(values, value);
        return OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), shape);
    }
}
