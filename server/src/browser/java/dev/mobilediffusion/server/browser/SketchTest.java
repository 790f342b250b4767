package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The picture follows what a finger draws. */
final class SketchTest extends PageFixture {

    private static final Path RESOURCES = Path.of("..", "runtime", "src", "test", "resources");

    @Test
    void theNewestLinesAreDrawnOneRequestAtATime() throws Exception {
        installControl();
        TestServer server = open(FakePipeline.gated());
        draw("a house");
        server.pipeline.awaitStart();
        server.pipeline.allow(1);
        browser.awaitImage("#picture");
        browser.awaitCount("#draw:enabled", 1);
        browser.click("#sketch summary");
        goLive();
        ImageRequest words = server.pipeline.awaitStart();
        assertThat(words.control(), is(Optional.empty()));
        server.pipeline.allow(1);
        browser.await(() -> "the live picture", () -> server.pipeline.finished().size() == 2);

        browser.drag("#sketch-canvas", -40, -40, 40);
        ImageRequest first = server.pipeline.awaitStart();
        browser.drag("#sketch-canvas", -40, 20, 40);
        assertThat("one request at a time", server.queue().depth(), is(0));
        server.pipeline.allow(1);
        ImageRequest second = server.pipeline.awaitStart();
        server.pipeline.allow(1);
        browser.await(() -> "the newest lines", () -> server.pipeline.finished().size() == 4);

        ControlImage lines = second.control().orElseThrow();
        assertThat(lines.preprocessor(), is(Optional.empty()));
        assertThat(
                lines.image().rgb(),
                is(not(first.control().orElseThrow().image().rgb())));
        assertThat(second.seed(), is(words.seed()));
        assertThat(server.queue().depth(), is(0));

        browser.click("#sketch-undo");
        ImageRequest undone = server.pipeline.awaitStart();
        assertThat(
                undone.control().orElseThrow().image().rgb(),
                is(not(lines.image().rgb())));
        server.pipeline.allow(1);
    }

    @Test
    void linesMayBeSentLightOnDark() throws Exception {
        installControl();
        TestServer server = open(FakePipeline.quick());
        browser.click("#sketch summary");
        browser.drag("#sketch-canvas", -40, -40, 40);
        draw("a red house");
        browser.awaitText("#status", "The picture is ready");
        browser.click("#sketch-invert");
        draw("a red house");
        browser.await(
                () -> "the second picture", () -> server.pipeline.finished().size() == 2);

        ControlImage plain = server.pipeline.finished().get(0).control().orElseThrow();
        ControlImage light = server.pipeline.finished().get(1).control().orElseThrow();
        assertThat(plain.preprocessor(), is(Optional.empty()));
        assertThat(light.preprocessor(), is(Optional.of(Preprocessor.INVERT)));
        assertThat(
                "the server turns them", light.image().rgb(), is(plain.image().rgb()));
    }

    @Test
    void aModelThatFollowsNothingOffersNoSheet() {
        open(FakePipeline.quick());

        assertThat(browser.shows("#sketch"), is(false));
    }

    private void installControl() throws IOException {
        Path bundle = folder.resolve("models").resolve(FakePipeline.MODEL.name());
        copy("bundles/tiny-flow/unet/model.onnx", bundle.resolve("unet"));
        copy("goldens/control/adapter/control/lines/model.onnx", bundle.resolve("control/lines"));
    }

    private static void copy(String model, Path into) throws IOException {
        Files.createDirectories(into);
        Files.copy(RESOURCES.resolve(model), into.resolve("model.onnx"));
    }
}
