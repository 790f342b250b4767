package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Opens the sessions of one network: from its optimized graph where that can be kept, else from its file. For one
 * thread at a time.
 */
final class SessionSource {

    private static final System.Logger LOG = System.getLogger(SessionSource.class.getName());

    /** A session, and its options, which must outlive it. */
    record Opened(OrtSession session, SessionOptions options) implements AutoCloseable {
        Opened {
            OnnxRuntime.countSessions(1);
        }

        @Override
        public void close() throws OrtException {
            OnnxRuntime.countSessions(-1);
            session.close();
            options.close();
        }
    }

    private final OnnxRuntime runtime;
    private final Path original;
    private Path file; // the original, or another of the same inputs and outputs
    private final String name;
    private RuntimeOptions options; // with the CPU's kernels once another provider has failed
    private final boolean workingMemoryKept;
    private boolean proven;
    private Optional<Path> optimized = Optional.empty(); // of the original
    private Optional<Path> optimizedOther = Optional.empty(); // of the file that is read in its place
    private boolean soughtOther; // whether that was looked for

    /** Finds the optimized graph, or makes it. */
    SessionSource(OnnxRuntime runtime, Path file, String name, RuntimeOptions options, boolean workingMemoryKept)
            throws OrtException {
        this.runtime = runtime;
        this.original = file;
        this.file = file;
        this.name = name;
        this.options = options;
        this.workingMemoryKept = workingMemoryKept;
        optimized = optimized(options.graphs());
    }

    /** The optimized graph of {@link #file}, kept or made; empty where that cannot be. */
    private Optional<Path> optimized(Optional<GraphFolder> kept) throws OrtException {
        if (kept.isEmpty() || options.profile().isPresent() || !runtime.isCpuAlone(options)) {
            return Optional.empty();
        }
        GraphFolder graphs = kept.get();
        GraphCache cache = new GraphCache(graphs.folder());
        try {
            GraphKey key = graphs.ofCopies()
                    ? GraphKey.ofCopy(file, runtime.version(), graphs.processor())
                    : GraphKey.of(file, runtime.version(), graphs.processor());
            Optional<Path> found = cache.find(key);
            return found.isPresent() ? found : optimize(cache, key);
        } catch (IOException unlisted) {
            return Optional.empty();
        }
    }

    /** Whether opening anew costs little: neither optimizing nor reading all weights. */
    boolean reopensQuickly() {
        return optimized.isPresent();
    }

    /**
     * Lets the CPU compute from the next {@link #open} on where another provider failed before it ever succeeded: providers take
     * operators that they then cannot run. Whether that is worth another try.
     */
    boolean fallBack(OrtException failure) {
        if (proven || runtime.isCpuAlone(options)) {
            return false;
        }
        useCpu("failed: " + failure.getMessage());
        return true;
    }

    /**
     * To be called when the network has run. Holds the first outputs of a provider other than the CPU against the CPU's, and
     * lets the CPU compute from the next {@link #open} on where they are wrong: providers do that without an error. Whether
     * they are.
     */
    boolean refuses(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {
        if (proven) {
            return false;
        }
        boolean wrong = !runtime.isCpuAlone(options) && areWrong(inputs, outputs);
        proven = true;
        runtime.placed(name, runtime.provider(options));
        return wrong;
    }

    private boolean areWrong(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {
        RuntimeOptions frugal = onCpu().withMemory(RuntimeOptions.MemoryProfile.SMALL);
        try (SessionOptions session = runtime.sessionOptions(name, frugal, false);
                OrtSession cpu = runtime.environment().createSession(file.toString(), session)) {
            double decibels = ProviderCheck.decibels(cpu, inputs, outputs);
            String figure = String.format(
                    Locale.ROOT,
                    "%.1f dB from cpu's outputs, at least %.0f wanted",
                    decibels,
                    ProviderCheck.LEAST_DECIBELS);
            if (decibels < ProviderCheck.LEAST_DECIBELS) {
                useCpu("computes it wrongly: " + figure);
                return true;
            }
            LOG.log(System.Logger.Level.INFO, "{0}: computed by {1}, {2}", name, runtime.provider(options), figure);
        } catch (OrtException cpuCannot) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}: computed by {1}, not compared with cpu: {2}",
                    name,
                    runtime.provider(options),
                    cpuCannot.getMessage());
        }
        return false;
    }

    private void useCpu(String reason) {
        LOG.log(
                System.Logger.Level.WARNING,
                "{0}: computed by cpu, since {1} {2}",
                name,
                runtime.provider(options),
                reason);
        options = onCpu();
    }

    private RuntimeOptions onCpu() {
        return options.withExecution(new Execution(
                ExecutionProvider.CPU, Optional.empty(), options.execution().kernels()));
    }

    /** From the next {@link #open} on reads {@code other}, or the original where that is empty. */
    void read(Optional<Path> other) {
        file = other.orElse(original);
        optimizedOther = Optional.empty();
        soughtOther = false;
    }

    /** A session, to be closed by the caller. */
    Opened open() throws OrtException {
        boolean other = !file.equals(original);
        if (other && !soughtOther) {
            soughtOther = true;
            optimizedOther = optimized(options.graphs().map(GraphFolder::forCopies));
        }
        Optional<Path> kept = other ? optimizedOther : optimized;
        if (kept.isPresent()) {
            try {
                return open(kept.get(), true);
            } catch (OrtException goneOrRefused) {
                optimized = other ? optimized : Optional.empty(); // until the next start, which makes it anew
                optimizedOther = Optional.empty();
                GraphCache.remove(kept.get().getParent());
            }
        }
        try {
            return open(file, false);
        } catch (OrtException failure) {
            if (!fallBack(failure)) {
                throw failure;
            }
            return open(file, false);
        }
    }

    private Optional<Path> optimize(GraphCache cache, GraphKey key) throws OrtException {
        // This session only writes; repacked weights would be for nothing
        RuntimeOptions frugal = options.withMemory(RuntimeOptions.MemoryProfile.SMALL);
        try (SessionOptions session = runtime.sessionOptions(name, frugal, false)) {
            return cache.make(key, runtime.environment(), session);
        }
    }

    private Opened open(Path graph, boolean isOptimized) throws OrtException {
        SessionOptions session = runtime.sessionOptions(name, options, workingMemoryKept);
        try {
            if (isOptimized) {
                session.setOptimizationLevel(SessionOptions.OptLevel.NO_OPT);
            }
            return new Opened(runtime.environment().createSession(graph.toString(), session), session);
        } catch (OrtException failure) {
            session.close();
            throw failure;
        }
    }

    static void closeQuietly(AutoCloseable resource) {
        try {
            if (resource != null) {
                resource.close();
            }
        } catch (Exception unreachable) {
            assert false : unreachable; // freeing memory cannot fail in a way that a caller could act on
        }
    }
}
