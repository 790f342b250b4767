package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.is;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What changes a network reads all of its weights; pocket's must go through the launcher's heap, the small one too. */
final class LauncherHeapTest {

    private static final Path MODELS = Path.of("..", "models").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"speed", "small"})
    void drawsWithALora(String memory) throws Exception {
        draws(memory, "--lora", "neon=1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"speed", "small"})
    void drawsWithAControl(String memory) throws Exception {
        draws(memory, "--control", lines());
    }

    @Test
    void drawsWithBothAndAnImage() throws Exception {
        draws("small", "--lora", "neon=1", "--control", lines(), "--image", lines(), "--strength", "0.7");
    }

    private void draws(String memory, Object... options) throws Exception {
        List<Object> words = new ArrayList<>(List.of(
                "generate", "a red house", "--seed", 7, "--models", MODELS, "--model", "pocket", "--memory", memory));
        words.addAll(List.of("--data", folder.resolve("data"), "--out", "house.png"));
        words.addAll(List.of(options));
        try (ChildProcess child = memory.equals("small")
                ? ChildProcess.startSmall(folder, words.toArray())
                : ChildProcess.start(folder, words.toArray())) {
            int exitCode = child.awaitExit();

            assertThat(child.err().toString(), exitCode, is(0));
            assertThat(child.out(), contains("house.png"));
        }
        assertThat(ImageIO.read(folder.resolve("house.png").toFile()).getWidth(), is(512));
    }

    private Path lines() throws Exception {
        BufferedImage image = new BufferedImage(512, 512, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = image.createGraphics();
        pen.setColor(Color.WHITE);
        pen.fillRect(0, 0, 512, 512);
        pen.setColor(Color.BLACK);
        pen.setStroke(new BasicStroke(6));
        pen.drawRect(150, 250, 200, 180);
        pen.drawLine(150, 250, 250, 130);
        pen.drawLine(250, 130, 350, 250);
        pen.dispose();
        Path file = folder.resolve("lines.png");
        ImageIO.write(image, "png", file.toFile());
        return file;
    }
}
