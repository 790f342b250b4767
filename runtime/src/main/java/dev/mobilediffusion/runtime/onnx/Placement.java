package dev.mobilediffusion.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What computes for one {@link Execution}: a provider of the loaded ONNX Runtime, or one in a library of its own. */
final class Placement {

    /** ONNX Runtime takes keys that it does not know in silence, so a test looks for these in its library. */
    static final Map<KernelSwitch, String> KERNEL_KEYS = Map.of(
            KernelSwitch.BF16, "mlas.enable_gemm_fastmath_arm64_bfloat16",
            KernelSwitch.LUT_GEMM, "mlas.use_lut_gemm",
            KernelSwitch.NO_KLEIDIAI, "mlas.disable_kleidiai");

    private final Execution execution;
    private final ExecutionProviders.Choice choice;
    private final Optional<ForeignProvider> plugin;
    private final List<String> available;
    private final String version;

    /** @throws IllegalArgumentException when what is asked for is not there */
    Placement(Execution execution, ExecutionProviders providers, OrtEnvironment environment) {
        this(
                execution,
                providers,
                environment,
                execution.library().map(library -> PluginProvider.load(environment, library)));
    }

    /** @param plugin computes in place of what {@code providers} have */
    Placement(
            Execution execution,
            ExecutionProviders providers,
            OrtEnvironment environment,
            Optional<ForeignProvider> plugin) {
        this.execution = execution;
        this.plugin = plugin;
        this.choice = providers.choose(execution, System.getProperty("os.arch"));
        this.available =
                providers.available().stream().map(ExecutionProvider::label).toList();
        this.version = environment.getVersion();
    }

    /** Whether ONNX Runtime's own kernels compute everything. */
    boolean isCpuAlone() {
        return plugin.isEmpty() && choice.provider() == ExecutionProvider.CPU;
    }

    /** Adds provider and kernel switches to a session's options. */
    void apply(SessionOptions session, int threads) throws OrtException {
        for (KernelSwitch kernel : execution.kernels()) {
            session.addConfigEntry(KERNEL_KEYS.get(kernel), "1");
        }
        if (plugin.isPresent()) {
            plugin.get().addTo(session);
        } else {
            ExecutionProviders.add(session, choice.provider(), threads);
        }
    }

    String provider() {
        return plugin.map(ForeignProvider::name).orElse(choice.provider().label());
    }

    ExecutionPlan plan(RuntimeOptions options, Map<String, String> networks) {
        String reason =
                plugin.map(loaded -> "from ep-library, on " + loaded.device()).orElse(choice.reason());
        return new ExecutionPlan(provider(), reason, available, options.threads(), version, networks);
    }
}
