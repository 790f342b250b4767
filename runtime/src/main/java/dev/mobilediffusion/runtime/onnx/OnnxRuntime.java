package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The process's one ONNX Runtime environment. Its thread pool is made for the first model's options and shared by all
 * networks that want the same, since they run one after the other; a network that wants another gets a pool of its own.
 */
public final class OnnxRuntime {

    private static final String ALLOW_SPINNING = "session.intra_op.allow_spinning";
    private static final String DISABLE_PREPACKING = "session.disable_prepacking";

    private static final AtomicLong OPENED = new AtomicLong();
    private static final AtomicLong CLOSED = new AtomicLong();
    private static final AtomicLong SESSIONS = new AtomicLong();

    private static OnnxRuntime instance;

    private final OrtEnvironment environment;
    private final int sharedThreads;
    private final boolean sharedSpinning;
    private final ExecutionProviders providers;
    private final Map<Execution, Placement> placements = new ConcurrentHashMap<>();
    private final Map<String, String> networks = new ConcurrentHashMap<>();

    private OnnxRuntime(RuntimeOptions options) throws OrtException {
        sharedThreads = options.threads();
        sharedSpinning = options.spinning();
        try (OrtEnvironment.ThreadingOptions threading = new OrtEnvironment.ThreadingOptions()) {
            threading.setGlobalIntraOpNumThreads(sharedThreads);
            threading.setGlobalInterOpNumThreads(1);
            threading.setGlobalSpinControl(sharedSpinning);
            // Failures come as exceptions, with the same words; on stderr they would only come twice
            environment = OrtEnvironment.getEnvironment(
                    OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "mobilediffusion", threading);
        }
        environment.setTelemetry(false);
        providers = ExecutionProviders.probe(environment.getVersion());
    }

    /**
     * What computes the networks that are opened with these options, found by trying, not by measuring.
     *
     * @throws IllegalArgumentException when the provider that they ask for is not there
     */
    public static ExecutionPlan plan(RuntimeOptions options) {
        try {
            OnnxRuntime runtime = instance(options);
            return runtime.placement(options).plan(options, new TreeMap<>(runtime.networks));
        } catch (OrtException failure) {
            throw failure("ONNX Runtime", failure);
        }
    }

    /**
     * Whether ONNX Runtime's own kernels compute everything. Only then can optimized graphs be kept: those of another provider
     * are compiled for it, and cannot be written to a file.
     */
    boolean isCpuAlone(RuntimeOptions options) {
        return placement(options).isCpuAlone();
    }

    String provider(RuntimeOptions options) {
        return placement(options).provider();
    }

    /** Remembers what has computed {@code network}. */
    void placed(String network, String provider) {
        networks.put(network, provider);
    }

    private Placement placement(RuntimeOptions options) {
        return placements.computeIfAbsent(
                options.execution(), execution -> new Placement(execution, providers, environment));
    }

    /** From now on {@code provider} computes what is opened with {@code execution}. */
    void place(Execution execution, ForeignProvider provider) {
        placements.put(execution, new Placement(execution, providers, environment, Optional.of(provider)));
    }

    static synchronized OnnxRuntime instance(RuntimeOptions options) throws OrtException {
        if (instance == null) {
            instance = new OnnxRuntime(options);
        }
        return instance;
    }

    /** Native objects (sessions, tensors) that are open; a program that closed everything reads 0. */
    public static long openHandles() {
        return OPENED.get() - CLOSED.get();
    }

    /** Native objects opened since the process began. */
    public static long openedHandles() {
        return OPENED.get();
    }

    /** Networks that hold their weights in memory right now; those that rest do not. */
    public static long openSessions() {
        return SESSIONS.get();
    }

    static void countSessions(int more) {
        SESSIONS.addAndGet(more);
    }

    static void countOpened() {
        OPENED.incrementAndGet();
    }

    static void countClosed() {
        CLOSED.incrementAndGet();
    }

    OrtEnvironment environment() {
        return environment;
    }

    /** ONNX Runtime's, such as 1.28.0. */
    String version() {
        return environment.getVersion();
    }

    /** Options for the session of {@code network}; {@code workingMemoryKept} is whether activations stay allocated. */
    SessionOptions sessionOptions(String network, RuntimeOptions options, boolean workingMemoryKept)
            throws OrtException {
        Placement placement = placement(options);
        // A provider with threads of its own would find ONNX Runtime's spinning on the cores that it needs
        boolean spinning = options.spinning() && placement.isCpuAlone();
        SessionOptions session = new SessionOptions();
        placement.apply(session, options.threads());
        if (options.threads() == sharedThreads && spinning == sharedSpinning) {
            session.disablePerSessionThreads();
        } else {
            session.setIntraOpNumThreads(options.threads());
            session.setInterOpNumThreads(1);
            session.addConfigEntry(ALLOW_SPINNING, spinning ? "1" : "0");
        }
        // An arena grows in powers of two, and small networks are closed after each stage anyway
        boolean kept = workingMemoryKept && options.memory() == RuntimeOptions.MemoryProfile.SPEED;
        session.setCPUArenaAllocator(kept);
        session.setMemoryPatternOptimization(kept);
        if (options.memory() == RuntimeOptions.MemoryProfile.SMALL) {
            session.addConfigEntry(DISABLE_PREPACKING, "1");
        }
        if (options.profile().isPresent()) {
            // Only unoptimized operators are the model's own
            session.setOptimizationLevel(SessionOptions.OptLevel.NO_OPT);
            session.enableProfiling(options.profile().get().resolve(network).toString());
        }
        return session;
    }

    static InferenceException failure(String what, OrtException cause) {
        return new InferenceException(
                InferenceException.Code.INFERENCE_FAILED, what + ": " + cause.getMessage(), cause);
    }
}
