package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.CoreMLFlags;
import ai.onnxruntime.providers.NNAPIFlags;
import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionProvider;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The execution providers of the loaded ONNX Runtime. The Java binding has a method for each that exists anywhere; whether
 * the library behind it has the provider, and the provider its own libraries, shows only in trying.
 */
final class ExecutionProviders {

    /** Providers that suit ARM processors better than ONNX Runtime's own kernels, the best first. */
    private static final List<ExecutionProvider> BETTER_ON_ARM =
            List.of(ExecutionProvider.ACL, ExecutionProvider.XNNPACK);

    /** A provider and why it was taken. */
    record Choice(ExecutionProvider provider, String reason) {}

    private final String version;
    private final List<ExecutionProvider> available;
    private final Map<ExecutionProvider, String> refusals;

    /**
     * @param version of ONNX Runtime, for messages
     * @param available providers that it has, CPU among them
     * @param refusals what it said of the others
     */
    ExecutionProviders(String version, List<ExecutionProvider> available, Map<ExecutionProvider, String> refusals) {
        this.version = version;
        this.available = List.copyOf(available);
        this.refusals = Map.copyOf(refusals);
    }

    /** Tries every provider. */
    static ExecutionProviders probe(String version) throws OrtException {
        List<ExecutionProvider> available = new ArrayList<>();
        Map<ExecutionProvider, String> refusals = new EnumMap<>(ExecutionProvider.class);
        for (ExecutionProvider provider : ExecutionProvider.values()) {
            if (provider != ExecutionProvider.AUTO) {
                Optional<String> refusal = refusal(provider);
                refusal.ifPresentOrElse(said -> refusals.put(provider, said), () -> available.add(provider));
            }
        }
        return new ExecutionProviders(version, available, refusals);
    }

    private static Optional<String> refusal(ExecutionProvider provider) throws OrtException {
        try (SessionOptions scratch = new SessionOptions()) {
            add(scratch, provider, 1);
            return Optional.empty();
        } catch (OrtException | LinkageError absent) {
            return Optional.of(String.valueOf(absent.getMessage()));
        }
    }

    /** Those that there are; CPU is always among them. */
    List<ExecutionProvider> available() {
        return available;
    }

    /**
     * The provider for {@code wanted}.
     *
     * @param architecture Java's {@code os.arch}
     * @throws IllegalArgumentException when the one that was asked for is not there
     */
    Choice choose(Execution wanted, String architecture) {
        ExecutionProvider provider = wanted.provider();
        if (provider == ExecutionProvider.AUTO) {
            return best(architecture);
        }
        if (!available.contains(provider)) {
            throw new IllegalArgumentException(
                    "ep: ONNX Runtime %s here has no %s (%s); it has %s. Take auto, or a build with it: docs/devices.md"
                            .formatted(version, provider.label(), refusals.get(provider), labels()));
        }
        return new Choice(provider, "asked for");
    }

    private Choice best(String architecture) {
        List<ExecutionProvider> better = architecture.equals("aarch64") ? BETTER_ON_ARM : List.of();
        for (ExecutionProvider provider : better) {
            if (available.contains(provider)) {
                return new Choice(provider, "auto: suits %s best of %s".formatted(architecture, labels()));
            }
        }
        String reason = available.size() == 1
                ? "auto: ONNX Runtime %s here has no other".formatted(version)
                : "auto: suits %s best of %s".formatted(architecture, labels());
        return new Choice(ExecutionProvider.CPU, reason);
    }

    private String labels() {
        return String.join(
                ", ", available.stream().map(ExecutionProvider::label).toList());
    }

    /**
     * Lets {@code provider} compute what it can; the rest runs on the CPU.
     *
     * @param threads of a provider that has a pool of its own
     * @throws OrtException when the library lacks it
     */
    static void add(SessionOptions session, ExecutionProvider provider, int threads) throws OrtException {
        switch (provider) {
            case AUTO -> throw new IllegalArgumentException("choose one first");
            case CPU -> {} // is always the last of the session's own list
            case XNNPACK -> session.addXnnpack(Map.of("intra_op_num_threads", Integer.toString(threads)));
            case ACL -> session.addACL(false);
            case DNNL -> session.addDnnl(false);
            case NNAPI -> session.addNnapi(EnumSet.noneOf(NNAPIFlags.class));
            case QNN -> session.addQnn(Map.of());
            case WEBGPU -> session.addWebGPU(Map.of());
            case COREML -> session.addCoreML(EnumSet.noneOf(CoreMLFlags.class));
            case OPENVINO -> session.addOpenVINO("");
            case CUDA -> session.addCUDA();
        }
    }
}
