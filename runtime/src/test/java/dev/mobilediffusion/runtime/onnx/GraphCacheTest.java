package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Optimized graphs on disk: used when they are sound, made anew when not, and never a different image. */
final class GraphCacheTest {

    @TempDir
    Path folder;

    private Path graphs;
    private Path network;
    private float[] expected;

    @BeforeEach
    void copyNetwork() {
        graphs = folder.resolve("graphs");
        network = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder).resolve("unet/model.onnx");
        expected = predict(RuntimeOptions.defaults());
    }

    @Test
    void keepsTheOptimizedGraphAndUsesItAgain() throws IOException {
        assertThat(predict(cached()), is(expected));
        Path entry = onlyEntry();
        FileTime made = Files.getLastModifiedTime(entry.resolve(GraphCache.GRAPH));

        assertThat(predict(cached()), is(expected));

        assertThat(onlyEntry(), is(entry));
        assertThat(Files.getLastModifiedTime(entry.resolve(GraphCache.GRAPH)), is(made));
    }

    @Test
    void makesADamagedEntryAnew() throws IOException {
        predict(cached());
        Path weights = onlyEntry().resolve(GraphCache.WEIGHTS);
        byte[] sound = Files.readAllBytes(weights);
        byte[] damaged = sound.clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(weights, damaged);

        assertThat(predict(cached()), is(expected));

        assertThat(Files.readAllBytes(onlyEntry().resolve(GraphCache.WEIGHTS)), is(sound));
    }

    @Test
    void replacesTheEntryOfFilesThatWereReplaced() throws IOException {
        predict(cached());
        Path before = onlyEntry();
        Files.setLastModifiedTime(network, FileTime.fromMillis(0));

        assertThat(predict(cached()), is(expected));

        assertThat(onlyEntry(), is(not(before)));
    }

    @Test
    void aKeyNamesVersionAndProcessor() throws IOException {
        String entry = GraphKey.of(network, "1.28.0", "A").entry();

        assertThat(GraphKey.of(network, "1.28.0", "A").entry(), is(entry));
        assertThat(GraphKey.of(network, "1.29.0", "A").entry(), is(not(entry)));
        assertThat(GraphKey.of(network, "1.28.0", "B").entry(), is(not(entry)));
    }

    @Test
    void drawsWithoutAFolderToWriteTo() throws IOException {
        Path file = Files.writeString(folder.resolve("a file"), "");

        assertThat(predict(RuntimeOptions.defaults().withGraphs(new GraphFolder(file, ""))), is(expected));
    }

    @Test
    void aNetworkThatRestedPredictsTheSame() {
        RuntimeOptions small = cached().withMemory(MemoryProfile.SMALL);
        long before = OnnxRuntime.openHandles();
        try (OnnxModel model = OnnxModel.open(network, "unet", small, true)) {
            float[] first = predict(model);
            model.rest();
            assertThat(predict(model), is(first));
            model.rest();
            model.rest();
        }
        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    private RuntimeOptions cached() {
        return RuntimeOptions.defaults().withGraphs(new GraphFolder(graphs, ""));
    }

    private Path onlyEntry() throws IOException {
        try (Stream<Path> entries = Files.list(graphs)) {
            List<Path> all = entries.toList();
            assertThat("entries", all.size(), is(1));
            return all.getFirst();
        }
    }

    private float[] predict(RuntimeOptions options) {
        try (OnnxModel model = OnnxModel.open(network, "unet", options, true)) {
            return predict(model);
        }
    }

    private static float[] predict(OnnxModel model) {
        try (TensorBuffer sample = model.allocate(model.input("sample"), 1, 4, 8, 8);
                TensorBuffer timestep = model.allocate(model.input("timestep"), 1);
                TensorBuffer states = model.allocate(model.input("encoder_hidden_states"), 1, 77, 16);
                TensorBuffer prediction = model.allocate(model.outputs().getFirst(), 1, 4, 8, 8)) {
            sample.fill(0.5f);
            timestep.fill(500);
            states.fill(0.25f);
            model.bind(List.of(sample, timestep, states), List.of(prediction)).run(new CancelToken());
            float[] values = new float[prediction.size()];
            prediction.read(0, values);
            return values;
        }
    }
}
