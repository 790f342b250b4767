package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.machine.Processors;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * How the device is used.
 *
 * @param execution what computes
 * @param threads that compute, in [0, {@value RuntimeOptions#MAX_THREADS}]; 0 for those that the processor is worth
 * @param limits of heat and battery
 */
public record DeviceConfig(Execution execution, int threads, DeviceLimits limits) {

    private static final System.Logger LOG = System.getLogger(DeviceConfig.class.getName());

    public static final DeviceConfig DEFAULT = new DeviceConfig(Execution.DEFAULT, 0, DeviceLimits.DEFAULT);

    public DeviceConfig {
        Objects.requireNonNull(execution, "execution");
        Objects.requireNonNull(limits, "limits");
        ServerConfig.requireInRange("threads", threads, 0, RuntimeOptions.MAX_THREADS);
    }

    /** The runtime's options on {@code machine}, with optimized graphs and things of one's own below the data folder {@code data}. */
    public RuntimeOptions options(Machine machine, Path data) {
        Processors processors = machine.processors();
        int computing =
                threads > 0 ? threads : processors.threads(Runtime.getRuntime().availableProcessors());
        return RuntimeOptions.defaults()
                .withThreads(Math.min(computing, RuntimeOptions.MAX_THREADS))
                .withExecution(new Execution(execution.provider(), execution.library(), kernels(processors)))
                .withGraphs(new GraphFolder(UserFolders.graphs(data), processors.identity()))
                .withConcepts(UserFolders.concepts(data));
    }

    private Set<KernelSwitch> kernels(Processors processors) {
        Set<KernelSwitch> kernels = EnumSet.noneOf(KernelSwitch.class);
        kernels.addAll(execution.kernels());
        if (kernels.contains(KernelSwitch.BF16) && !processors.has("bf16")) {
            LOG.log(System.Logger.Level.WARNING, "kernels: bf16 is left out, this processor has no bfloat16");
            kernels.remove(KernelSwitch.BF16);
        }
        return kernels;
    }
}
