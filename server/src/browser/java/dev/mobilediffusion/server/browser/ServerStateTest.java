package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.server.ConfigFixture;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.ServerConfig;
import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.security.KeyFile;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** A server that asks for a key, one that is away, and none other but it. */
final class ServerStateTest extends PageFixture {

    private static final ObjectMapper JSON = new ObjectMapper();

    private String key;

    @Test
    void aWrongKeyIsSaidAndTheRightOneDraws() {
        TestServer server = locked();
        browser.open(server.url() + "/#key=wrong");

        browser.awaitShown("#key-dialog[open]");
        browser.awaitText("#key-why", "did not accept the key");
        assertThat(browser.address(), is(server.url() + "/")); // the key has left the address bar
        browser.press("alsowrong", Keys.ENTER); // the field has the focus
        browser.await(
                () -> "the dialog again",
                () -> browser.run("return document.querySelector('#key-input').value")
                        .equals(""));
        browser.awaitShown("#key-dialog[open]");
        browser.press(key, Keys.ENTER);

        browser.awaitCount("#model option", 1);
        draw("a red house");
        assertThat(browser.awaitImage("#picture"), is((long) FakePipeline.SIDE));
        browser.reload();
        browser.awaitCount("#thumbs img", 1); // the key was kept
        assertThat(browser.shows("#key-dialog[open]"), is(false));
    }

    @Test
    void aKeyFromAQrCodeNeedsNoDialog() {
        TestServer server = locked();
        browser.open(server.url() + "/#key=" + key);

        browser.awaitCount("#model option", 1);
        assertThat(browser.address(), is(server.url() + "/"));
        assertThat(browser.shows("#key-dialog[open]"), is(false));
        draw("a red house");
        assertThat(browser.awaitImage("#picture"), is((long) FakePipeline.SIDE));
    }

    @Test
    void whoClosesTheDialogIsToldWhatIsMissing() {
        TestServer server = locked();
        browser.open(server.url());
        browser.awaitText("#key-why", "Its owner has it");
        browser.press(Keys.ESCAPE);

        browser.awaitText("#alert", "Without a key this server draws nothing.");
        browser.click("#alert button");
        browser.awaitShown("#key-dialog[open]");
        browser.press(key, Keys.ENTER);
        browser.awaitCount("#model option", 1);
        browser.awaitText("#alert", "");
    }

    @Test
    void whatWasAskedWhileTheServerWasAwayIsDrawnWhenItIsBack() {
        TestServer first = TestServer.start(TestServer.config(folder), FakePipeline.quick());
        int port = first.port();
        open(first.url());
        draw("a house");
        browser.awaitText("#status", "The picture is ready");
        first.close();

        draw("a red house");
        browser.awaitShown("#gone");
        browser.awaitText("#status", "Not sent yet.");
        assertThat(browser.count("#phases .now"), is(0)); // none of the steps that the last image went through

        TestServer second = restart(port);
        browser.await(() -> "no banner", () -> !browser.shows("#gone"));
        browser.awaitText("#status", "Drawing");
        second.pipeline.allow(1);
        browser.awaitCount("#thumbs li", 2);
        assertThat(second.pipeline.finished().size(), is(1)); // sent once, however often it was tried
        assertThat(second.pipeline.finished().getFirst().prompt(), is("a red house"));
    }

    @Test
    void aDrawingSurvivesARestartOfTheServer() throws InterruptedException {
        TestServer first = TestServer.start(TestServer.config(folder), FakePipeline.gated());
        int port = first.port();
        open(first.url());
        submit(first, "first");
        first.pipeline.awaitStart();
        draw("a red house");
        browser.awaitText("#status", "Next in the queue");
        first.queue().drain(); // so that it is not begun while the first one ends
        first.close();
        browser.awaitText("#status", "The connection broke");

        TestServer second = restart(port);
        browser.awaitText("#status", "Drawing");
        second.pipeline.allow(1);
        browser.awaitCount("#thumbs li", 1);
        assertThat(second.pipeline.finished().getFirst().prompt(), is("a red house"));
    }

    @Test
    void nothingIsAskedOfAnyOtherServerAndNoRuleIsBroken() throws IOException {
        browser.traffic();
        browser.consoleErrors();
        TestServer server = open(FakePipeline.quick());
        draw("a red house");
        browser.awaitCount("#thumbs img", 1);
        browser.click("#theme");
        browser.reload();
        browser.awaitCount("#thumbs img", 1);

        List<String> asked = new ArrayList<>();
        List<String> elsewhere = new ArrayList<>();
        for (String entry : browser.traffic()) {
            JsonNode message = JSON.readTree(entry).path("message");
            String url = message.path("params").path("request").path("url").asText();
            if (message.path("method").asText().equals("Network.requestWillBeSent")) {
                (url.startsWith(server.url()) || url.startsWith("blob:" + server.url()) ? asked : elsewhere).add(url);
            }
        }
        assertThat(elsewhere, is(empty()));
        assertThat(asked.size(), greaterThan(20)); // so the log was read
        assertThat(browser.consoleErrors(), is(empty())); // a broken Content-Security-Policy would be one
        Object fonts = browser.run("return getComputedStyle(document.body).fontFamily + document.fonts.size");
        assertThat(fonts.toString(), startsWith("system-ui"));
        assertThat(fonts.toString().endsWith("0"), is(true)); // no font is loaded
    }

    /** A server that asks this machine, too, for a key; {@link #key} is one. */
    private TestServer locked() {
        ServerConfig config = ConfigFixture.with(folder, Map.of("require-keys", "true"));
        KeyFile keys = new KeyFile(config.data(), Clock.systemUTC());
        key = keys.add("phone", Optional.empty(), OptionalInt.empty()).secret();
        return serve(config, FakePipeline.quick());
    }

    /** A server where another one was, with its data. */
    private TestServer restart(int port) {
        return serve(ConfigFixture.with(folder, Map.of("port", Integer.toString(port))), FakePipeline.gated());
    }
}
