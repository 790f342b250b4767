package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.RealServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A thing of one's own, taught and forgotten on the page of a server with a real bundle of random weights. */
final class TeachingTest extends PageFixture {

    private static final Path RESOURCES = Path.of("..", "runtime", "src", "test", "resources");

    @Test
    void aThingIsTaughtOfferedDrawnAndForgotten() throws IOException {
        RealServer server = closedLater(RealServer.start(folder.resolve("data"), models()));
        open(server.url());
        browser.click("#teach > summary");
        browser.fill("#teach-name", "Zorb");
        browser.fill("#teach-names", "gizmo");
        browser.type(
                "#teach-image",
                RESOURCES
                        .resolve("goldens/pictures/zorb.png")
                        .toAbsolutePath()
                        .normalize()
                        .toString());
        browser.click("#teach-send");

        browser.awaitText("#teach-status", "“zorb” is drawn from now on.");
        assertThat(browser.text("#teach-list"), containsString("zorb, gizmo"));
        browser.fill("#prompt", "two zo");
        browser.awaitText("#completions", "zorb");
        draw("two zorbs, gizmo");
        browser.awaitText("#status", "The picture is ready");
        assertThat(browser.text("#unknown"), is("tiny-memory was not taught: two."));

        browser.click("#teach-list button");
        browser.awaitText("#teach-status", "“zorb” is forgotten.");
        browser.awaitText("#unknown", "tiny-memory was not taught: two, zorbs, gizmo.");
    }

    @Test
    void aRefusalIsShown() throws IOException {
        RealServer server = closedLater(RealServer.start(folder.resolve("data"), models()));
        open(server.url());
        browser.click("#teach > summary");
        browser.fill("#teach-name", "cat");
        browser.type(
                "#teach-image",
                RESOURCES
                        .resolve("goldens/pictures/zorb.png")
                        .toAbsolutePath()
                        .normalize()
                        .toString());
        browser.click("#teach-send");

        browser.awaitText("#teach-status", "name 'cat' already means something to the model tiny-memory");
    }

    private Path models() throws IOException {
        Path source = RESOURCES.resolve("bundles").resolve("tiny-memory");
        Path target = Files.createDirectories(folder.resolve("real")).resolve("tiny-memory");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
        return target.getParent();
    }
}
