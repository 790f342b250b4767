package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image that is drawn anew: chosen, dropped, painted over. */
final class SourceTest extends PageFixture {

    @TempDir
    private Path images;

    @Test
    void aChosenImageIsDrawnAnewAsStronglyAsTheSliderSays() throws Exception {
        TestServer server = open(FakePipeline.quick());
        choose();
        slide("0.4");
        assertThat(browser.text("#source-summary"), is("all of it, 40 % anew"));
        draw("a red house");
        browser.awaitText("#status", "The picture is ready");

        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(seen.strength(), is(0.4));
        assertThat(seen.isMasked(), is(false));
    }

    @Test
    void paintMarksThePartThatChanges() throws Exception {
        TestServer server = open(FakePipeline.quick());
        choose();
        browser.drag("#source-mask", -40, -40, 0);
        assertThat(browser.text("#source-summary"), containsString("the painted part"));
        draw("a red house");
        browser.awaitText("#status", "The picture is ready");

        SourceImage seen = server.pipeline.finished().getFirst().source().orElseThrow();
        assertThat(seen.isMasked(), is(true));

        browser.click("#source-clear");
        assertThat(browser.text("#source-summary"), containsString("all of it"));
    }

    @Test
    void aRemovedImageIsNoLongerSent() throws Exception {
        TestServer server = open(FakePipeline.quick());
        choose();
        browser.click("#source-remove");
        assertThat(browser.shows("#source-parts"), is(false));
        draw("a red house");
        browser.awaitText("#status", "The picture is ready");

        assertThat(server.pipeline.finished().getFirst().source().isEmpty(), is(true));
    }

    @Test
    void anImageMayBeDropped() {
        open(FakePipeline.quick());
        browser.runAsync(
                "const done = arguments[arguments.length - 1]; const canvas = document.createElement('canvas');"
                        + " canvas.toBlob((blob) => { const data = new DataTransfer();"
                        + " data.items.add(new File([blob], 'a.png', { type: 'image/png' }));"
                        + " document.querySelector('#prompt').dispatchEvent(new DragEvent('drop',"
                        + " { dataTransfer: data, bubbles: true, cancelable: true })); done(true); });");
        browser.awaitShown("#source-parts");
        assertThat(browser.attribute("#source-picture", "width"), is("300"));
    }

    private void choose() throws IOException {
        Path file = Files.write(images.resolve("noise.png"), TestImages.png(TestImages.noise(40, 40)));
        browser.click("#source > summary");
        browser.type("#source-file", file.toString());
        browser.awaitShown("#source-parts");
    }

    private static void slide(String value) {
        browser.run(
                "const slider = document.querySelector('#strength'); slider.value = arguments[0];"
                        + " slider.dispatchEvent(new Event('input', { bubbles: true }))",
                value);
    }
}
