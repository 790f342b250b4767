package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;

/** Without a mouse, without eyes, on a narrow screen. */
final class AccessibilityTest extends PageFixture {

    private static final String AXE = "axe.min.js";

    @Test
    void thePageCanBeUsedByKeyboardAlone() throws InterruptedException {
        TestServer server = open(FakePipeline.gated());
        tabTo("prompt");
        browser.press("a red house", Keys.ENTER);
        server.pipeline.awaitStart();
        tabTo("cancel");
        browser.press(Keys.ENTER);
        browser.awaitText("#status", "Cancelled.");
        assertThat(focus(), is("draw")); // not lost with the button that went away

        server.pipeline.allow(1);
        browser.press(Keys.ENTER);
        browser.awaitImage("#picture");
        List<String> passed = tabTo("Show: a red house, seed ");
        assertThat(passed, hasItems("download", "reuse", "remove"));
        browser.press(Keys.ENTER);
        browser.await(() -> "the chosen one", () -> browser.count("#thumbs button[aria-current=true]") == 1);
    }

    @Test
    void shiftEnterIsALineAndTheFocusCanBeSeen() {
        TestServer server = open(FakePipeline.quick());
        tabTo("prompt");
        browser.press("a red");
        browser.pressBack(Keys.ENTER);
        browser.press("house");

        assertThat(browser.run("return document.querySelector('#prompt').value"), is("a red\nhouse"));
        assertThat(server.pipeline.hasStarted(), is(false));
        assertThat(browser.run("return getComputedStyle(document.activeElement).outlineStyle"), is("solid"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void axeFindsNoFault(String scheme) throws Exception {
        browser.prefer("prefers-color-scheme", scheme);
        TestServer server = open(FakePipeline.gated());
        assertThat("empty page", faults(), is(empty()));

        openSettings();
        draw("a xyzzy");
        server.pipeline.awaitStart();
        browser.awaitText("#detail", "step 4 of 4");
        assertThat("while drawing", faults(), is(empty()));

        server.pipeline.allow(1);
        browser.awaitText("#warnings", "xyzzy");
        browser.awaitCount("#thumbs img", 1);
        assertThat("with a picture", faults(), is(empty()));

        browser.run("localStorage.setItem('mobilediffusion.key', '\"one\"')");
        browser.reload();
        browser.awaitShown("#key");
        browser.click("#key");
        assertThat("dialog", faults(), is(empty()));
        browser.press(Keys.ESCAPE);
    }

    @ParameterizedTest
    @ValueSource(ints = {320, 390})
    void aPhoneNeverScrollsSideways(int width) throws InterruptedException {
        browser.asPhone(width, 740);
        TestServer server = open(FakePipeline.gated());
        assertThat("empty page", overflow(width), is(empty()));
        openSettings();
        draw("a red house " + "xyzzy".repeat(40));
        server.pipeline.awaitStart();
        browser.awaitText("#detail", "step 4 of 4");
        assertThat("while drawing", overflow(width), is(empty()));
        server.pipeline.allow(1);
        browser.awaitText("#warnings", "xyzzy");
        browser.scrollTo("#gallery-title");
        browser.awaitCount("#thumbs img", 1);
        assertThat("with a picture", overflow(width), is(empty()));
    }

    @Test
    void whoWantsNoMotionGetsNone() throws InterruptedException {
        String motion = "return getComputedStyle(document.querySelector('#frame')).animationName";
        TestServer server = open(FakePipeline.gated());
        draw("a red house");
        server.pipeline.awaitStart();
        browser.await(() -> "motion", () -> browser.run(motion).equals("breathe"));
        browser.prefer("prefers-reduced-motion", "reduce");
        assertThat(browser.run(motion), is("none"));
    }

    @Test
    void theThemeCanBeChosenAndIsKept() {
        open(FakePipeline.quick());
        String paper = "return getComputedStyle(document.body).backgroundColor";
        Object light = browser.run(paper);
        browser.click("#theme"); // light
        browser.click("#theme"); // dark
        assertThat(browser.text("#theme"), is("Colours: dark"));
        Object dark = browser.run(paper);
        assertThat(dark.equals(light), is(false));
        browser.reload();
        browser.awaitText("#theme", "Colours: dark");
        assertThat(browser.run(paper), is(dark));
    }

    /** Presses Tab until an element has the focus whose id or label begins with {@code name}; those that it passed. */
    private static List<String> tabTo(String name) {
        List<String> passed = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            browser.press(Keys.TAB);
            if (focus().startsWith(name)) {
                return passed;
            }
            passed.add(focus());
        }
        throw new AssertionError("no Tab leads to " + name + ", only to " + passed);
    }

    private static String focus() {
        return (String) browser.run("const at = document.activeElement;"
                + " return at.id || at.getAttribute('aria-label') || at.textContent.trim()");
    }

    /** What axe-core finds wrong by WCAG 2.2 AA and its best practices, as "rule: elements". */
    private static List<String> faults() throws IOException {
        try (InputStream axe = AccessibilityTest.class.getClassLoader().getResourceAsStream(AXE)) {
            browser.run(new String(axe.readAllBytes(), StandardCharsets.UTF_8));
        }
        return strings(browser.runAsync("const done = arguments[0];"
                + "axe.run().then((result) => done([...result.violations.map((each) => each.id + ': '"
                + " + each.nodes.map((node) => node.target + ' ' + node.failureSummary).join(' '))"
                + ", ...(result.passes.length > 10 ? [] : ['axe checked next to nothing'])]),"
                + " (error) => done([String(error)]))"));
    }

    /** Elements that reach beyond the screen's right edge, and the page itself where it scrolls sideways. */
    private static List<String> overflow(int width) {
        return strings(browser.run(
                "const wide = [...document.querySelectorAll('body *')]"
                        + ".filter((each) => each.getBoundingClientRect().right > arguments[0] + 0.5)"
                        + ".map((each) => each.tagName + '#' + each.id);"
                        + "return document.documentElement.scrollWidth > arguments[0] ? ['page', ...wide] : wide",
                width));
    }

    private static List<String> strings(Object list) {
        return ((List<?>) list).stream().map(Object::toString).toList();
    }
}
