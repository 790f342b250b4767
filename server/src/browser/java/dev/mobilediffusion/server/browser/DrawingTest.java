package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import org.junit.jupiter.api.Test;

/** From a sentence to an image, and what can come between. */
final class DrawingTest extends PageFixture {

    @Test
    void anImageAppearsAfterItsProgress() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        openSettings();
        browser.fill("#seed", "7");
        draw("a red house");

        ImageRequest request = server.pipeline.awaitStart();
        assertThat(request.prompt() + " " + request.seed(), is("a red house 7"));
        browser.awaitText("#status", "Drawing");
        browser.awaitText("#detail", "step 4 of 4");
        assertThat(browser.shows("#bar"), is(true));
        assertThat(
                Double.parseDouble(browser.run("return document.querySelector('#bar').value")
                                .toString())
                        > 50,
                is(true));
        assertThat(browser.text("#phases .now"), is("drawing"));

        server.pipeline.allow(1);
        assertThat(browser.awaitImage("#picture"), is((long) FakePipeline.SIDE));
        browser.awaitText("#status", "The picture is ready");
        assertThat(browser.attribute("#picture", "alt"), is("a red house"));
        assertThat(browser.text("#caption-settings"), startsWith("seed 7 · 4 steps · fake · 16×16"));
        assertThat(browser.attribute("#download", "download"), is("a-red-house-7.png"));
        assertThat(browser.attribute("#download", "href"), startsWith("blob:"));
        assertThat(browser.shows("#progress"), is(false));
        assertThat(browser.shows("#cancel"), is(false));
    }

    @Test
    void aJobOfThreeImagesFillsTheGalleryOneByOne() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        openSettings();
        browser.fill("#count", "3");
        browser.fill("#seed", "20");
        draw("a red house");

        server.pipeline.awaitStart();
        server.pipeline.allow(1);
        browser.awaitCount("#thumbs img", 1);
        browser.awaitText("#status", "picture 2 of 3");
        server.pipeline.allow(2);
        browser.awaitCount("#thumbs img", 3);
        browser.awaitText("#status", "3 pictures are ready");
        browser.awaitText("#caption-settings", "seed 22 ");
        assertThat(browser.text("#caption-settings"), startsWith("seed 22 "));
    }

    /** On a slow network the bytes of the second image may arrive after those of the third. */
    @Test
    void anImageThatArrivesLateDoesNotTakeTheNewestOnesPlace() {
        open(FakePipeline.quick());
        browser.run("const real = window.fetch; window.fetch = async (...request) => {"
                + " const answer = await real(...request);"
                + " if (String(request[0]).endsWith('/images/1')) {"
                + "   await new Promise((later) => setTimeout(later, 1000));"
                + "   setTimeout(() => { window.late = true; }, 500);"
                + " }"
                + " return answer; };");
        openSettings();
        browser.fill("#count", "3");
        browser.fill("#seed", "20");
        draw("a red house");

        browser.awaitText("#caption-settings", "seed 22 ");
        browser.await(() -> "the late picture", () -> Boolean.TRUE.equals(browser.run("return window.late === true")));
        assertThat(browser.text("#caption-settings"), startsWith("seed 22 "));
    }

    @Test
    void theLargestSeedIsKeptToItsLastDigitAndALargerOneIsRefused() throws InterruptedException {
        TestServer server = open(FakePipeline.quick());
        openSettings();
        browser.fill("#seed", "9223372036854775808");
        draw("a red house");
        assertThat(
                browser.run("return document.querySelector('#seed').validationMessage"),
                is("A seed is at most 9223372036854775807."));
        assertThat(server.pipeline.hasStarted(), is(false));

        browser.fill("#seed", "9223372036854775807");
        draw("a red house");
        assertThat(server.pipeline.awaitStart().seed(), is(Long.MAX_VALUE));
        browser.awaitText("#caption-settings", "seed 9223372036854775807 ");
        browser.fill("#seed", "");
        browser.click("#reuse");
        assertThat(browser.run("return document.querySelector('#seed').value"), is("9223372036854775807"));
    }

    @Test
    void cancelEndsTheDrawingOnTheServerToo() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        draw("a red house");
        server.pipeline.awaitStart();
        String job = pendingJob();

        browser.click("#cancel");

        browser.awaitText("#status", "Cancelled.");
        browser.await(
                () -> "the cancelled job",
                () -> job(server, job).extract().path("status").equals("cancelled"));
        assertThat(browser.count("#thumbs li"), is(0));
        draw("a house");
        assertThat(server.pipeline.awaitStart().prompt(), is("a house"));
    }

    @Test
    void aWaitingJobHearsItsPlaceGrowSmaller() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        submit(server, "first");
        server.pipeline.awaitStart();
        submit(server, "second");
        openSettings();
        browser.fill("#steps", "150");
        draw("third");

        browser.awaitText("#status", "Place 2 in the queue");
        browser.awaitText("#detail", "s left"); // 300 calls of 15 ms
        assertThat(browser.text("#detail"), matchesPattern("about \\d+ s left"));
        server.pipeline.allow(1);
        browser.awaitText("#status", "Next in the queue");
        server.pipeline.allow(2);
        assertThat(browser.awaitImage("#picture"), is((long) FakePipeline.SIDE));
    }

    @Test
    void aFullQueueIsToldAndTriedAgain() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        submit(server, "running");
        server.pipeline.awaitStart();
        for (int i = 0; i < 4; i++) {
            submit(server, "waiting " + i);
        }

        draw("a red house");
        browser.awaitText("#status", "Trying again in");
        assertThat(browser.text("#status"), containsString("queue"));
        assertThat(browser.shows("#cancel"), is(true));

        server.pipeline.allow(6);
        assertThat(browser.awaitImage("#picture"), is((long) FakePipeline.SIDE));
    }

    @Test
    void unknownWordsAreNamedWhileTypingAndWithTheImage() {
        open(FakePipeline.quick());
        browser.fill("#prompt", "a red xyzzy");
        browser.awaitText("#unknown", "fake was not taught: a, xyzzy.");
        browser.fill("#prompt", "red house");
        browser.awaitText("#unknown", "");

        draw("a xyzzy");
        browser.awaitText("#warnings", "unknown word: xyzzy");
        browser.click("#thumbs button");
        browser.awaitText("#warnings", "unknown word: xyzzy"); // remembered with the image
    }

    @Test
    void theThingsThatTheModelDrawsAreOfferedWhileTypingAndAsAList() {
        open(FakePipeline.quick());
        browser.fill("#prompt", "a red HOU");
        browser.awaitText("#completions", "house");
        browser.click("#completions button");
        assertThat(browser.run("return document.getElementById('prompt').value"), is("a red house"));
        assertThat("the word is complete", browser.shows("#completions"), is(false));

        browser.fill("#prompt", "");
        browser.click("#things summary");
        browser.awaitText("#things-list", "house");
        browser.click("#things-list button");
        assertThat(browser.run("return document.getElementById('prompt').value"), is("a house"));
    }

    @Test
    void aFailedDrawingSaysWhy() {
        open(FakePipeline.quick());
        draw("picky");

        browser.awaitText("#alert", "Prompt must not be picky.");
        assertThat(browser.shows("#progress"), is(false));
        draw("a red house");
        browser.awaitImage("#picture");
        assertThat(browser.text("#alert"), is(""));
    }

    @Test
    void anExampleIsDrawnByTwoClicks() {
        TestServer server = open(FakePipeline.quick());
        browser.click("#chips button");
        browser.click("#draw");

        browser.awaitImage("#picture");
        assertThat(
                FakePipeline.MODEL
                        .knownWords()
                        .contains(server.pipeline.finished().getFirst().prompt()),
                is(true));
    }

    @Test
    void aFieldOutOfItsBoundsIsShownAndNothingIsSent() {
        TestServer server = open(FakePipeline.quick());
        openSettings();
        browser.fill("#count", "11");
        openSettings(); // closes them
        draw("a red house");

        assertThat(browser.run("return document.activeElement.id"), is("count"));
        assertThat(browser.shows("#count"), is(true));
        assertThat(server.pipeline.hasStarted(), is(false));
    }
}
