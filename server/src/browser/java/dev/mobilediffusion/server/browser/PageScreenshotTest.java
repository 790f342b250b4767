package dev.mobilediffusion.server.browser;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.RealServer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page with the model that the repository ships. {@code -Dscreenshots=FOLDER} keeps the screenshots there; without it
 * they go to {@code target}.
 */
final class PageScreenshotTest {

    private static final String FOLDER = System.getProperty("screenshots", "");
    private static final List<String> PROMPTS = List.of(
            "a robot and a guitar",
            "a sunflower in the desert",
            "two penguins in the snow",
            "a castle in the mountains at dawn",
            "a red house by the sea at sunset");

    @TempDir
    private static Path data;

    private static RealServer server;
    private static Browser browser;

    @BeforeAll
    static void start() throws IOException {
        server = RealServer.start(data, Path.of("..", "models"));
        browser = Browser.start();
    }

    @AfterAll
    static void stop() throws InterruptedException {
        browser.close();
        server.close();
    }

    @Test
    void thePageOfTheShippedModelLooksLikeThis() throws IOException {
        browser.prefer("prefers-color-scheme", "light");
        browser.open(server.url());
        browser.awaitCount("#chips button", 4);
        assertThat(browser.text("#unknown"), is(""));
        browser.click("#settings summary");
        for (int i = 0; i < PROMPTS.size(); i++) {
            browser.fill("#prompt", PROMPTS.get(i));
            browser.fill("#seed", Integer.toString(7 + i));
            assertThat("the model knows every word of it", browser.text("#unknown"), is(""));
            browser.click("#draw");
            browser.awaitCount("#thumbs img", i + 1);
            browser.awaitText("#status", "ready");
            assertThat(browser.awaitImage("#picture"), is(512L));
        }
        browser.click("#settings summary");
        browser.run("document.activeElement.blur()");
        browser.pointAway();

        for (String scheme : List.of("light", "dark")) {
            browser.prefer("prefers-color-scheme", scheme);
            browser.asDesktop(1280, 1140);
            keep("page-desktop-" + scheme);
            browser.asPhone(390, 1000);
            keep("page-phone-" + scheme);
        }
    }

    private static void keep(String name) throws IOException {
        browser.run("window.scrollTo(0, 0)");
        browser.awaitImage("#picture");
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(browser.screenshot()));
        assertThat(image.getHeight(), greaterThan(900));
        Path folder = Files.createDirectories(FOLDER.isEmpty() ? Path.of("target", "screenshots") : Path.of(FOLDER));
        write(image, folder.resolve(name + ".jpg").toFile());
    }

    private static void write(BufferedImage image, File file) throws IOException {
        BufferedImage opaque = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        opaque.getGraphics().drawImage(image, 0, 0, null);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam quality = writer.getDefaultWriteParam();
        quality.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        quality.setCompressionQuality(0.85f);
        Files.deleteIfExists(file.toPath());
        try (ImageOutputStream output = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(output);
            writer.write(null, new IIOImage(opaque, null, null), quality);
        } finally {
            writer.dispose();
        }
    }
}
