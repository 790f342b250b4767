package dev.mobilediffusion.runtime.measure;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import dev.mobilediffusion.runtime.onnx.OperatorProfile;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MeasureTest {

    private final RuntimeOptions options = RuntimeOptions.defaults();

    @Test
    void countsAMatrixProductToTheLastMultiplication(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("matmul.onnx");
        Files.write(file, MatMulModel.bytes(32));
        float[] result = new float[32 * 32];

        try (OnnxModel model = OnnxModel.open(file, "matmul", options.withProfile(folder), true);
                TensorBuffer left = model.allocate(model.input(MatMulModel.INPUT), 32, 32);
                TensorBuffer product = model.allocate(model.outputs().getFirst(), 32, 32)) {
            left.fill(0.5f);
            OnnxModel.Binding binding = model.bind(List.of(left), List.of(product));
            binding.run(new CancelToken());
            binding.run(new CancelToken());
            product.read(0, result);
        }

        assertThat(result[17], is(32 * 0.5f * 0.25f));
        assertThat(OperatorProfile.multiplyAdds(folder, "matmul"), is(32L * 32 * 32));
    }

    /** The text encoder by hand: two layers of four 16x16 and two 16x32 matrices for 48 tokens, and attention of 48 by 48. */
    @Test
    void countsEveryNetworkOfAModel() {
        long handles = OnnxRuntime.openHandles();

        ModelCost cost = ModelCost.count(ModelBundle.open(TinyBundle.folder(TinyBundle.FLOW)), options);

        long projections = 2L * 48 * (4 * 16 * 16 + 2 * 16 * 32);
        long attention = 2L * 2 * 48 * 48 * 16;
        assertThat(cost.textEncoder(), is(projections + attention));
        assertThat(cost.unet(), is(allOf(greaterThan(500_000L), lessThan(20_000_000L))));
        assertThat(cost.vaeDecoder(), is(allOf(greaterThan(1_000_000L), lessThan(50_000_000L))));
        assertThat(OnnxRuntime.openHandles(), is(handles));
    }

    @Test
    void measuresThePeakAndCleansUp() throws IOException {
        double peak = MachinePeak.flopsPerSecond(options);

        assertThat(peak, is(allOf(greaterThan(1e8), lessThan(1e14))));
        try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            assertThat(
                    files.filter(file -> Files.exists(file.resolve("matmul-512.onnx")))
                            .toList(),
                    is(empty()));
        }
    }
}
