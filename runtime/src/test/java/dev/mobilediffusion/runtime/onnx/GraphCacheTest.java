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

    @Test
    void keepsTheCopiesThatWereUsedLast() throws IOException {
        RuntimeOptions copies = cached().withGraphsOfCopies();
        for (int copy = 0; copy < GraphCache.MAX_COPIES + 2; copy++) {
            Path other = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, Files.createDirectory(folder.resolve("" + copy)))
                    .resolve("unet/model.onnx");
            Files.writeString(other.resolveSibling("note"), "copy " + copy);
            predict(other, copies);
            for (Path entry : kept()) { // so that no two were used in the same moment
                FileTime used = Files.getLastModifiedTime(entry);
                Files.setLastModifiedTime(entry, FileTime.fromMillis(used.toMillis() - 1000));
            }
            if (copy == GraphCache.MAX_COPIES - 1) {
                predict(folder.resolve("0/tiny-sd/unet/model.onnx"), copies); // the oldest, once more
            }
        }

        assertThat(kept().size(), is(GraphCache.MAX_COPIES));
        assertThat("used again", hasEntryOf("0"), is(true));
        assertThat("used longest ago", hasEntryOf("1"), is(false));
        assertThat("the last", hasEntryOf("" + (GraphCache.MAX_COPIES + 1)), is(true));
    }

    @Test
    void aCopyIsKnownByItsContentAlone() throws IOException {
        Path again = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, Files.createDirectory(folder.resolve("again")))
                .resolve("unet/model.onnx");
        String entry = GraphKey.ofCopy(network, "1.28.0", "A").entry();

        assertThat(GraphKey.ofCopy(again, "1.28.0", "A").entry(), is(entry));
        byte[] weights = Files.readAllBytes(again);
        weights[weights.length / 2] ^= 1;
        FileTime time = Files.getLastModifiedTime(again);
        Files.write(again, weights);
        Files.setLastModifiedTime(again, time);
        assertThat(GraphKey.ofCopy(again, "1.28.0", "A").entry(), is(not(entry)));
    }

    private boolean hasEntryOf(String copy) throws IOException {
        GraphKey key = GraphKey.ofCopy(
                folder.resolve(copy).resolve("tiny-sd/unet/model.onnx"),
                OnnxRuntime.plan(RuntimeOptions.defaults()).onnxRuntime(),
                "");
        return Files.exists(graphs.resolve(key.entry()));
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> entries = Files.list(graphs)) {
            return entries.toList();
        }
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
        return predict(network, options);
    }

    private static float[] predict(Path network, RuntimeOptions options) {
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
