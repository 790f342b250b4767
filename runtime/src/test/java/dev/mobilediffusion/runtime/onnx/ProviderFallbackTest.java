package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.startsWith;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A real network on a provider that fails or computes wrongly, and is left for the CPU with a warning. The provider is ONNX
 * Runtime itself with options that break the session: the CPU forbidden, or other weights than the file's.
 */
final class ProviderFallbackTest {

    private static final RuntimeOptions CPU = RuntimeOptions.defaults().withThreads(1);
    private static final Path UNET = TinyBundle.folder(TinyBundle.LCM).resolve("unet/model.onnx");

    /** The network's first convolution, (8, 4, 3, 3). */
    private static final String FIRST_WEIGHTS = "0";

    /** Refuses a session whose provider leaves anything to the CPU; and here that is all. */
    private static final String NO_CPU = "session.disable_cpu_ep_fallback";

    private final Logger logger = Logger.getLogger(SessionSource.class.getName());
    private final Lines lines = new Lines();

    @BeforeEach
    void listen() {
        logger.addHandler(lines);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(lines);
    }

    @Test
    void aProviderThatComputesRightlyStays() throws OrtException {
        RuntimeOptions options = placed("right", session -> {});

        assertThat(prediction(options), is(prediction(CPU)));
        assertThat(lines.warnings, is(List.of()));
        assertThat(OnnxRuntime.plan(options).networks().get("right"), is("right"));
    }

    @Test
    void aProviderThatCannotRunTheNetworkIsLeftForTheCpu() throws OrtException {
        RuntimeOptions options = placed("failing", session -> session.addConfigEntry(NO_CPU, "1"));

        assertThat(prediction(options), is(prediction(CPU)));
        assertThat(lines.warnings, contains(startsWith("failing: computed by cpu, since failing failed: ")));
        assertThat(OnnxRuntime.plan(options).networks().get("failing"), is("cpu"));
    }

    @Test
    void aProviderThatComputesWronglyIsLeftForTheCpu() throws OrtException {
        short[] ones = new short[8 * 4 * 3 * 3];
        Arrays.fill(ones, Float.floatToFloat16(1));
        try (OnnxTensor weights = OnnxTensor.createTensor(
                OnnxRuntime.instance(CPU).environment(),
                ByteBuffer.allocateDirect(2 * ones.length)
                        .order(ByteOrder.nativeOrder())
                        .asShortBuffer()
                        .put(ones)
                        .flip(),
                new long[] {8, 4, 3, 3},
                OnnxJavaType.FLOAT16)) {
            RuntimeOptions options =
                    placed("wrong", session -> session.addExternalInitializers(Map.of(FIRST_WEIGHTS, weights)));

            assertThat(prediction(options), is(prediction(CPU)));
            assertThat(OnnxRuntime.plan(options).networks().get("wrong"), is("cpu"));
        }
        assertThat(
                lines.warnings,
                contains(matchesPattern("wrong: computed by cpu, since wrong computes it wrongly: "
                        + "-?[0-9.]+ dB from cpu's outputs, at least 20 wanted")));
    }

    /** What breaks a session. */
    @FunctionalInterface
    private interface Fault {
        void addTo(SessionOptions session) throws OrtException;
    }

    /** Options by which a provider with that fault computes. */
    private static RuntimeOptions placed(String name, Fault fault) throws OrtException {
        Execution execution = new Execution(
                ExecutionProvider.AUTO,
                Optional.of(Path.of(name)),
                CPU.execution().kernels());
        OnnxRuntime.instance(CPU).place(execution, new ForeignProvider() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public String device() {
                return "this processor";
            }

            @Override
            public void addTo(SessionOptions session) throws OrtException {
                fault.addTo(session);
            }
        });
        return CPU.withExecution(execution);
    }

    /** (1, 4, 8, 8) */
    private static List<Float> prediction(RuntimeOptions options) {
        String network = options.execution().library().map(Path::toString).orElse("unet");
        try (OnnxModel unet = OnnxModel.open(UNET, network, options, true);
                TensorBuffer sample = unet.allocate(unet.input("sample"), 1, 4, 8, 8);
                TensorBuffer timestep = unet.allocate(unet.input("timestep"));
                TensorBuffer states = unet.allocate(unet.input("encoder_hidden_states"), 1, 77, 16);
                TensorBuffer guidance = unet.allocate(unet.input("timestep_cond"), 1, 32);
                TensorBuffer prediction = unet.allocate(unet.outputs().get(0), 1, 4, 8, 8)) {
            sample.fill(0.5f);
            timestep.put(0, 999);
            states.fill(0.1f);
            guidance.fill(0.1f);
            unet.bind(List.of(sample, timestep, states, guidance), List.of(prediction))
                    .run(new CancelToken());
            float[] values = new float[prediction.size()];
            prediction.read(0, values);
            List<Float> read = new ArrayList<>();
            for (float value : values) {
                read.add(value);
            }
            return read;
        }
    }

    /** Keeps warnings. */
    private static final class Lines extends Handler {

        private final List<String> warnings = new ArrayList<>();

        @Override
        public void publish(LogRecord line) {
            if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
                warnings.add(new SimpleFormatter().formatMessage(line));
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
