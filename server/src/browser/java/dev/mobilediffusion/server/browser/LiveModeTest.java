package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import org.junit.jupiter.api.Test;

/** The image follows the typing. */
final class LiveModeTest extends PageFixture {

    @Test
    void theNewestWordsAreDrawnAndOlderOnesCancelled() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        assertThat(browser.shows("#live"), is(false)); // nothing is measured yet
        draw("a house");
        server.pipeline.awaitStart();
        server.pipeline.allow(1);
        browser.awaitImage("#picture");
        browser.awaitCount("#draw:enabled", 1);
        server.pipeline.forget();

        goLive();
        ImageRequest first = server.pipeline.awaitStart();
        assertThat(first.prompt(), is("a house"));
        browser.type("#prompt", " at night");
        ImageRequest second = server.pipeline.awaitStart(); // which begins only when the first was cancelled
        assertThat(second.prompt(), is("a house at night"));
        assertThat(second.seed(), is(first.seed()));
        server.pipeline.allow(1);
        browser.await(
                () -> "the newest picture",
                () -> browser.attribute("#picture", "alt").equals("a house at night"));
        assertThat(server.pipeline.finished().size(), is(1));
        assertThat(server.queue().depth(), is(0));

        assertThat(browser.count("#thumbs li"), is(1)); // live images come and go
        browser.click("#draw"); // which says Keep
        browser.awaitText("#status", "Kept.");
        browser.awaitCount("#thumbs li", 2);
    }

    @Test
    void aPhoneShowsTheWholeImageAndTheWordsTogether() {
        browser.asPhone(390, 520); // what the keyboard leaves of a small screen
        TestServer server = open(FakePipeline.quick());
        draw("a house");
        goLive();
        browser.await(
                () -> "the first live picture", () -> server.pipeline.finished().size() == 2);
        browser.awaitImage("#picture");
        browser.click("#prompt");
        browser.type("#prompt", " at night");
        browser.await(
                () -> "the newest picture",
                () -> browser.attribute("#picture", "alt").equals("a house at night"));

        assertThat("the picture is whole", isInSight("#picture"), is(true));
        assertThat("the words are in sight", isInSight("#prompt"), is(true));
    }

    private static boolean isInSight(String css) {
        return (boolean) browser.run("""
            const box = document.querySelector(arguments[0]).getBoundingClientRect();
            const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return box.width > 100 && box.height > 40 && box.top >= 0 && box.bottom <= innerHeight
              && box.left >= 0 && box.right <= innerWidth && at === document.querySelector(arguments[0]);
            """, css);
    }

    @Test
    void quickTypingMakesOneRequest() throws InterruptedException {
        TestServer server = open(FakePipeline.quick());
        draw("a house");
        goLive();
        browser.await(
                () -> "the first live picture", () -> server.pipeline.finished().size() == 2);
        server.pipeline.forget();

        browser.run("""
            const prompt = document.querySelector('#prompt');
            for (const letter of ' by the sea') {
              prompt.value += letter;
              prompt.dispatchEvent(new Event('input', {bubbles: true}));
            }\
            """);
        assertThat(server.pipeline.awaitStart().prompt(), is("a house by the sea"));
        browser.await(
                () -> "its picture", () -> browser.attribute("#picture", "alt").equals("a house by the sea"));
        assertThat(server.pipeline.finished().size(), is(1));
    }

    @Test
    void aSlowServerIsNotAskedToFollow() {
        open(FakePipeline.quick());
        browser.run("localStorage.setItem('mobilediffusion.pace', JSON.stringify({fake: {once: 0.2, perStep: 0.35}}))");
        openSettings();
        browser.fill("#steps", "4");
        assertThat(browser.shows("#live"), is(false));
        browser.awaitText("#live-fewer", "Use 2 steps");

        browser.click("#live-fewer");
        browser.await(() -> "live mode", () -> browser.shows("#live"));
        assertThat(browser.run("return document.querySelector('#steps').value"), is("2"));
    }
}
