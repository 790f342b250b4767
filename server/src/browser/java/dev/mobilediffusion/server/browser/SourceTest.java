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
import org.openqa.selenium.Keys;

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
    void aPaintedPartIsDrawnWhollyAnewInOneStepUnlessTheSliderWasMoved() throws Exception {
        open(FakePipeline.quick());
        browser.run("document.querySelector('#steps').value = 1");
        choose();
        assertThat(browser.text("#source-summary"), is("all of it, 80 % anew"));
        browser.drag("#source-mask", -40, -40, 0);
        assertThat(browser.text("#source-summary"), is("the painted part, 100 % anew"));
        browser.click("#source-clear");
        assertThat(browser.text("#source-summary"), is("all of it, 80 % anew"));
        slide("0.4");
        browser.drag("#source-mask", -40, -40, 0);
        assertThat(browser.text("#source-summary"), is("the painted part, 40 % anew"));
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
    void beforeAndAfterAreComparedByASlider() throws Exception {
        open(FakePipeline.quick());
        draw("a red house");
        browser.awaitText("#status", "The picture is ready");
        assertThat("drawn from words", browser.shows("#compare-line"), is(false));
        choose();
        draw("a blue house");
        browser.awaitShown("#compare-line");
        browser.awaitText("#status", "The picture is ready");

        assertThat(browser.attribute("#before", "width"), is(browser.attribute("#picture", "width")));
        assertThat(parted(), is("50%"));
        browser.run("document.querySelector('#compare').focus()");
        browser.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT);
        assertThat("by keys", parted(), is("48%"));
        assertThat(browser.attribute("#compare", "aria-valuetext"), is("48 % before, 52 % after"));
        browser.press(Keys.HOME);
        assertThat(parted(), is("0%"));
        browser.click("#compare");
        assertThat("by a touch or click in its middle", parted(), is("50%"));

        browser.click("#thumbs li:last-child button");
        browser.awaitText("#caption-prompt", "a red house");
        assertThat("of the earlier picture there is none", browser.shows("#compare-line"), is(false));
        browser.click("#thumbs li:first-child button");
        browser.awaitShown("#compare-line");
    }

    @Test
    void onAPhoneOneMayBePhotographed() throws Exception {
        TestServer server = open(FakePipeline.quick());
        assertThat(browser.shows("#source-photo"), is(false));
        browser.asPhone(390, 844);
        browser.asTouchScreen();
        browser.click("#source > summary");
        browser.awaitShown("#source-photo");
        assertThat(browser.attribute("#source-photo", "capture"), is("environment"));
        browser.type("#source-photo", file().toString());
        browser.awaitShown("#source-parts");
        draw("a red house");
        browser.awaitText("#status", "The picture is ready");

        assertThat(server.pipeline.finished().getFirst().source().isPresent(), is(true));
    }

    private static Object parted() {
        return browser.run("return document.querySelector('#frame').style.getPropertyValue('--before')");
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
        browser.click("#source > summary");
        browser.type("#source-file", file().toString());
        browser.awaitShown("#source-parts");
    }

    private Path file() throws IOException {
        return Files.write(images.resolve("noise.png"), TestImages.png(TestImages.noise(40, 40)));
    }

    private static void slide(String value) {
        browser.run(
                "const slider = document.querySelector('#strength'); slider.value = arguments[0];"
                        + " slider.dispatchEvent(new Event('input', { bubbles: true }))",
                value);
    }
}
