package dev.mobilediffusion.server.models;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of 40, 60 and 200 bytes in a registry of 100. */
final class ModelRegistryTest {

    private static final Map<String, Long> NEEDS = Map.of("a", 40L, "b", 60L, "c", 50L, "huge", 200L);

    @TempDir
    private Path folder;

    private final List<String> loads = new ArrayList<>();
    private final List<FakePipeline> pipelines = new ArrayList<>();
    private ModelRegistry registry;

    @BeforeEach
    void open() throws IOException {
        for (String name : NEEDS.keySet()) {
            Files.createDirectories(folder.resolve(name));
            Files.writeString(folder.resolve(name).resolve("model_index.json"), "{}");
        }
        registry = ModelRegistry.open(
                folder,
                Optional.of("a"),
                this::load,
                bundle -> NEEDS.get(bundle.getFileName().toString()),
                100);
        registry.loadDefault();
        draw("a");
    }

    @AfterEach
    void close() {
        registry.close();
        pipelines.forEach(pipeline -> assertThat(pipeline.isClosed(), is(true)));
    }

    @Test
    void keepsWhatFitsLoaded() {
        draw("b");
        TextToImage again = draw("a");

        assertThat(draw("a"), is(sameInstance(again)));
        assertThat(loads, contains("a", "b"));
        assertThat(loadedNames(), contains("a", "b"));
    }

    @Test
    void makesRoomByUnloadingTheLeastLatelyUsed() {
        draw("b");
        draw("a");
        draw("c");

        assertThat(loadedNames(), contains("a", "c"));
        assertThat(pipelines.get(1).isClosed(), is(true));
        assertThat(registry.defaultModel().name(), is("fake"));
    }

    @Test
    void refusesWhatCanNeverFitBeforeAnythingIsUnloaded() {
        ApiException refusal = assertThrows(ApiException.class, () -> registry.requireRoom("huge"));
        assertThrows(ApiException.class, () -> registry.pipeline("huge"));

        assertThat(refusal.code(), is(ErrorCode.MODEL_TOO_LARGE));
        assertThat(refusal.param(), is("model"));
        assertThat(loadedNames(), contains("a"));
        registry.requireRoom("b");
    }

    @Test
    void unloadsWhatNobodyAsksForButTheDefault() {
        draw("b");
        registry.unloadIdle(Duration.ofHours(1));
        assertThat(loadedNames(), contains("a", "b"));

        registry.unloadIdle(Duration.ZERO);

        assertThat(loadedNames(), contains("a"));
        draw("b");
        assertThat(loads, contains("a", "b", "b"));
    }

    @Test
    void neverUnloadsWhatAWorkerHasTaken() {
        TextToImage taken = registry.pipeline("b");

        registry.unloadIdle(Duration.ZERO);

        assertThat(pipelines.get(1).isClosed(), is(false));
        taken.generate(ImageRequest.of("a house", 1), ProgressListener.NONE, new CancelToken());
        registry.unloadIdle(Duration.ZERO);
        assertThat(pipelines.get(1).isClosed(), is(true));
    }

    @Test
    void loadsAModelAnewWhoseFilesWereReplaced() throws IOException {
        TextToImage before = draw("a");
        Path mark = folder.resolve("a/model_index.json");
        Files.delete(mark);
        Files.delete(folder.resolve("a"));
        assertThat(draw("a"), is(sameInstance(before)));

        Files.createDirectories(folder.resolve("a"));
        Files.writeString(mark, "{}");
        Files.setLastModifiedTime(mark, FileTime.from(Instant.now().plusSeconds(5)));

        assertThat(draw("a"), is(not(sameInstance(before))));
        assertThat(pipelines.getFirst().isClosed(), is(true));
        assertThat(loads, contains("a", "a"));
    }

    @Test
    void closesEverything() {
        draw("b");

        registry.close();

        assertThat(loadedNames(), is(empty()));
    }

    private TextToImage load(Path bundle) {
        loads.add(bundle.getFileName().toString());
        FakePipeline pipeline = FakePipeline.quick();
        pipelines.add(pipeline);
        return pipeline;
    }

    private TextToImage draw(String model) {
        TextToImage pipeline = registry.pipeline(model);
        pipeline.generate(ImageRequest.of("a house", 1), ProgressListener.NONE, new CancelToken());
        return pipeline;
    }

    private List<String> loadedNames() {
        return registry.all().stream()
                .filter(entry -> entry.loaded().isPresent())
                .map(ModelCatalog.Entry::name)
                .sorted()
                .toList();
    }
}
