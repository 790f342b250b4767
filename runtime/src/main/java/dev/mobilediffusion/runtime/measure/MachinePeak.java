package dev.mobilediffusion.runtime.measure;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** How fast this machine multiplies matrices through ONNX Runtime: the bound that a network's speed is held against. */
public final class MachinePeak {

    /** Squares of these sides; which is fastest depends on the caches. */
    private static final int[] SIDES = {512, 768, 1024};

    private static final Duration TIME_EACH = Duration.ofMillis(700);

    private MachinePeak() {}

    /** Float32 operations per second of the fastest run, a multiplication with an addition being two. */
    public static double flopsPerSecond(RuntimeOptions options) {
        Path folder = ModelCost.temporaryFolder();
        try {
            double best = 0;
            for (int side : SIDES) {
                best = Math.max(best, 2.0 * side * side * side / fastest(folder, side, options));
            }
            return best;
        } catch (IOException failure) {
            throw new InferenceException(
                    InferenceException.Code.INFERENCE_FAILED, "the peak was not measured: " + failure, failure);
        } finally {
            ModelCost.remove(folder);
        }
    }

    /** Seconds of the fastest product of two matrices, the second being constant as weights are. */
    private static double fastest(Path folder, int side, RuntimeOptions options) throws IOException {
        Path file = folder.resolve("matmul-%s.onnx".formatted(side));
        Files.write(file, MatMulModel.bytes(side));
        try (OnnxModel model = OnnxModel.open(file, "matmul", options.withoutGraphs(), true);
                TensorBuffer left = model.allocate(model.input(MatMulModel.INPUT), side, side);
                TensorBuffer product = model.allocate(model.outputs().getFirst(), side, side)) {
            left.fill(0.5f);
            OnnxModel.Binding binding = model.bind(List.of(left), List.of(product));
            CancelToken never = new CancelToken();
            double best = Double.POSITIVE_INFINITY;
            long begin = System.nanoTime();
            while (System.nanoTime() - begin < TIME_EACH.toNanos()) {
                long start = System.nanoTime();
                binding.run(never);
                best = Math.min(best, (System.nanoTime() - start) / 1e9);
            }
            return best;
        }
    }
}
