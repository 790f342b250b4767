package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A network in a {@code model.onnx}, with external data beside it where it has any. Names, types and shapes come from
 * the file.
 *
 * <pre>{@code
 * try (OnnxModel unet = OnnxModel.open(file, "unet", options, true);
 *         TensorBuffer sample = unet.allocate(unet.input("sample"), 1, 4, 64, 64); …) {
 *     Binding binding = unet.bind(List.of(sample, timestep, states), List.of(prediction));
 *     sample.put(0, latents);
 *     binding.run(cancel);                 // as often as wanted, without allocating tensors
 *     prediction.read(0, velocity);
 * }
 * }</pre>
 *
 * <p>For one thread at a time; another may fire the cancel token. Errors are {@link InferenceException}s that begin with
 * the network's name.
 */
public final class OnnxModel implements AutoCloseable {

    private final String name;
    private final OnnxRuntime runtime;
    private final SessionSource source;
    private final boolean rests;
    private final List<TensorSpec> inputs;
    private final List<TensorSpec> outputs;
    private Optional<SessionSource.Opened> opened; // empty while the network rests
    private boolean closed;

    private OnnxModel(
            String name, OnnxRuntime runtime, SessionSource source, SessionSource.Opened opened, boolean rests)
            throws OrtException {
        this.name = name;
        this.runtime = runtime;
        this.source = source;
        this.rests = rests;
        this.opened = Optional.of(opened);
        this.inputs = DeclaredTensors.of(name, opened.session().getInputInfo().values());
        this.outputs = DeclaredTensors.of(name, opened.session().getOutputInfo().values());
        OnnxRuntime.countOpened();
    }

    /**
     * Loads a network.
     *
     * @param name what messages call it
     * @param workingMemoryKept whether activations stay allocated between runs: faster, but their peak is held for ever
     * @throws InferenceException with code INVALID_BUNDLE when the file is missing, damaged, or no network that runs here
     */
    public static OnnxModel open(Path file, String name, RuntimeOptions options, boolean workingMemoryKept) {
        if (!Files.isRegularFile(file)) {
            throw invalid("%s: %s is missing; copy it from the model's export", name, file);
        }
        SessionSource.Opened opened = null;
        try {
            OnnxRuntime runtime = OnnxRuntime.instance(options);
            SessionSource source = new SessionSource(runtime, file, name, options, workingMemoryKept);
            opened = source.open();
            boolean rests = options.memory() == RuntimeOptions.MemoryProfile.SMALL && source.reopensQuickly();
            return new OnnxModel(name, runtime, source, opened, rests);
        } catch (OrtException | InferenceException failure) {
            SessionSource.closeQuietly(opened);
            if (failure instanceof InferenceException alreadySaid) {
                throw alreadySaid;
            }
            throw new InferenceException(
                    InferenceException.Code.INVALID_BUNDLE,
                    "%s: %s is truncated, or not a network that can run here; install the model again (%s)"
                            .formatted(name, file, failure.getMessage()),
                    failure);
        }
    }

    public String name() {
        return name;
    }

    public List<TensorSpec> inputs() {
        return inputs;
    }

    public List<TensorSpec> outputs() {
        return outputs;
    }

    /** The input called {@code inputName}. */
    public TensorSpec input(String inputName) {
        return optionalInput(inputName)
                .orElseThrow(() -> invalid("%s lacks the input %s; it has %s", name, inputName, inputs));
    }

    public Optional<TensorSpec> optionalInput(String inputName) {
        return inputs.stream().filter(spec -> spec.name().equals(inputName)).findFirst();
    }

    /** Memory for an input or output of the given dimensions, which must fit its declared ones. */
    public TensorBuffer allocate(TensorSpec spec, long... shape) {
        if (!spec.accepts(shape)) {
            throw invalid("%s: %s must take %s", name, spec, Arrays.toString(shape));
        }
        try {
            return new TensorBuffer(runtime.environment(), spec, shape);
        } catch (OrtException failure) {
            throw OnnxRuntime.failure(name, failure);
        }
    }

    /** Fixes which memory the network reads and writes. Outputs that are left out are not computed. */
    public Binding bind(List<TensorBuffer> in, List<TensorBuffer> out) {
        return new Binding(tensors(in), tensors(out));
    }

    /**
     * Dimensions of outputs for these inputs: as the network declares them where its inputs' dimensions, which go by
     * names, tell them all, else by running once.
     */
    public List<long[]> outputShapes(List<TensorBuffer> in, List<TensorSpec> wanted) {
        List<long[]> declared = DeclaredTensors.resolve(inputs, in, wanted);
        if (declared.size() == wanted.size()) {
            return declared;
        }
        Set<String> names = wanted.stream().map(TensorSpec::name).collect(Collectors.toSet());
        try (OrtSession.Result result = session().run(tensors(in), names)) {
            return DeclaredTensors.found(result, wanted);
        } catch (OrtException failure) {
            if (!source.fallBack(failure)) {
                throw OnnxRuntime.failure(name, failure);
            }
            closeSession();
            return outputShapes(in, wanted);
        }
    }

    /** Gives back weights and working memory until the next run, whatever taking them again costs. */
    public void letGo() {
        closeSession();
    }

    /**
     * Gives back weights and working memory until the next run, which takes them again: in the profile
     * {@link RuntimeOptions.MemoryProfile#SMALL}, and only where the optimized graph is kept, so that this costs little.
     * Does nothing otherwise.
     */
    public void rest() {
        if (rests) {
            closeSession();
        }
    }

    /** From the next run on reads the network's weights from {@code other}, or from its own file again. */
    public void read(Optional<Path> other) {
        closeSession();
        source.read(other);
    }

    private void closeSession() {
        opened.ifPresent(SessionSource::closeQuietly);
        opened = Optional.empty();
    }

    private OrtSession session() throws OrtException {
        if (closed) {
            throw new IllegalStateException(name + " is closed");
        }
        if (opened.isEmpty()) {
            opened = Optional.of(source.open());
        }
        return opened.get().session();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            closeSession();
            OnnxRuntime.countClosed();
        }
    }

    private static Map<String, OnnxTensor> tensors(List<TensorBuffer> buffers) {
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        buffers.forEach(buffer -> tensors.put(buffer.name(), buffer.tensor()));
        return tensors;
    }

    static InferenceException invalid(String format, Object... args) {
        return new InferenceException(InferenceException.Code.INVALID_BUNDLE, String.format(Locale.ROOT, format, args));
    }

    /** A network with its inputs and outputs fixed, ready to run. */
    public final class Binding {

        private final Map<String, OnnxTensor> inputs;
        private final Map<String, OnnxTensor> outputs;

        private Binding(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {
            this.inputs = inputs;
            this.outputs = outputs;
        }

        /**
         * Reads the inputs and overwrites the outputs.
         *
         * @param cancel ends the run early
         * @throws InferenceException with code CANCELLED when {@code cancel} fired, INFERENCE_FAILED when the network failed
         */
        public void run(CancelToken cancel) {
            try {
                runOnce(cancel);
                if (source.refuses(inputs, outputs)) {
                    closeSession();
                    runOnce(cancel);
                }
            } catch (OrtException failure) {
                cancel.throwIfCancelled();
                if (!source.fallBack(failure)) {
                    throw OnnxRuntime.failure(name, failure);
                }
                closeSession();
                run(cancel);
            }
        }

        private void runOnce(CancelToken cancel) throws OrtException {
            try (Terminator terminator = new Terminator();
                    CancelToken.Registration registration = cancel.onCancel(terminator::terminate)) {
                session().run(inputs, Set.of(), outputs, terminator.options()).close();
            }
        }
    }
}
