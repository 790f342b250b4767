package dev.mobilediffusion.server.benchmark;

import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.measure.MachinePeak;
import dev.mobilediffusion.runtime.measure.ModelCost;
import java.util.EnumMap;
import java.util.Map;

/**
 * How fast a model's networks compute, beside the fastest matrix product of the same process. An operation is an addition
 * or a multiplication.
 *
 * @param peak operations per second of the matrix product
 * @param stages operations per second of each network, at its median
 */
public record Speed(double peak, Map<Stage, Double> stages) {

    /** Counts what the networks compute, and measures the peak; to be called when nothing else runs. */
    public static Speed of(Benchmark benchmark, ModelBundle bundle, RuntimeOptions options) {
        ModelCost cost = ModelCost.count(bundle, options.withMemory(RuntimeOptions.MemoryProfile.SMALL));
        // Guidance asks for two predictions a step, unless it goes in as an input or is part of the weights
        boolean paired =
                benchmark.model().defaultGuidanceScale() > 1 && bundle.unet().timeCondProjDim() == 0;
        Map<Stage, Double> speeds = new EnumMap<>(Stage.class);
        put(speeds, benchmark, Stage.TEXT_ENCODER, cost.textEncoder());
        put(speeds, benchmark, Stage.UNET, cost.unet() * benchmark.model().defaultSteps() * (paired ? 2 : 1));
        put(speeds, benchmark, Stage.VAE_DECODER, cost.vaeDecoder());
        return new Speed(MachinePeak.flopsPerSecond(options), speeds);
    }

    /** Part of the peak that a network reaches, 1 being all of it. */
    double share(Stage stage) {
        return stages.get(stage) / peak;
    }

    private static void put(Map<Stage, Double> speeds, Benchmark benchmark, Stage stage, long multiplyAdds) {
        double seconds = benchmark.stages().get(stage).median().toNanos() / 1e9;
        speeds.put(stage, 2.0 * multiplyAdds / seconds);
    }
}
