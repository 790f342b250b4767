package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import org.junit.jupiter.api.Test;

/** What this device remembers, and what it makes of it after a reload. */
final class GalleryTest extends PageFixture {

    @Test
    void aReloadKeepsTheImagesWithTheirSettings() {
        open(FakePipeline.quick());
        openSettings();
        browser.fill("#seed", "7");
        draw("a red house");
        browser.awaitCount("#thumbs img", 1);
        draw("a house");
        browser.awaitCount("#thumbs img", 2);

        browser.reload();
        browser.awaitCount("#thumbs img", 2);
        assertThat(browser.awaitImage("#thumbs li:last-child img"), is((long) FakePipeline.SIDE));
        browser.click("#thumbs li:last-child button");
        browser.awaitText("#caption-prompt", "a red house");
        assertThat(browser.text("#caption-settings"), startsWith("seed 7 "));

        browser.click("#reuse");
        assertThat(browser.run("return document.querySelector('#prompt').value"), is("a red house"));
        assertThat(browser.run("return document.querySelector('#seed').value"), is("7"));
    }

    @Test
    void aReloadedPageGoesOnWatchingItsJob() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        draw("a red house");
        server.pipeline.awaitStart();
        String job = pendingJob();

        browser.reload();
        browser.awaitText("#detail", "step 4 of 4");
        server.pipeline.allow(1);
        assertThat(browser.awaitImage("#picture"), is((long) FakePipeline.SIDE));
        browser.awaitText("#status", "The picture is ready");
        browser.awaitCount("#thumbs img", 1);
        job(server, job).body("status", is("succeeded"));
        assertThat(server.pipeline.finished().size(), is(1));
    }

    @Test
    void anExpiredImageSaysSoAndCanBeDrawnAgain() {
        TestServer server = serve(FakePipeline.quick());
        browser.open(server.url());
        browser.run(
                "localStorage.setItem('mobilediffusion.pictures', JSON.stringify([{job: arguments[0], index: 0,"
                    + " prompt: 'a red house', seed: 7, steps: 3, model: 'fake', width: 16, height: 16, format: 'png',"
                    + " at: 0, warnings: []}]))",
                "A".repeat(22));
        browser.reload();

        browser.awaitText("#thumbs", "No longer on the server");
        browser.click("#thumbs button");
        browser.awaitText("#alert", "Draw it again");
        browser.click("#alert button");

        assertThat(browser.awaitImage("#thumbs img"), is((long) FakePipeline.SIDE));
        ImageRequest drawn = server.pipeline.finished().getFirst();
        assertThat(drawn.prompt() + " " + drawn.seed() + " " + drawn.steps().getAsInt(), is("a red house 7 3"));
        browser.awaitCount("#thumbs li", 1);
    }

    @Test
    void aRemovedImageLeavesTheListAndTheFocusStays() {
        open(FakePipeline.quick());
        draw("a red house");
        browser.awaitCount("#thumbs img", 1);

        browser.click("#remove");
        assertThat(browser.count("#thumbs li"), is(0));
        assertThat(browser.shows("#picture"), is(false));
        assertThat(browser.run("return document.activeElement.id"), is("gallery-title"));
        browser.reload();
        browser.awaitCount("#model option", 1);
        assertThat(browser.count("#thumbs li"), is(0));
    }
}
