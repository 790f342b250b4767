package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code concepts}: a thing is taught, drawn by another run, and forgotten. */
final class ConceptsCommandTest {

    @TempDir
    private Path folder;

    @Test
    void whatIsTaughtIsDrawnUntilItIsForgotten() throws IOException {
        byte[] before = drawn();

        CommandLineRun added = run("add", "Zorb", "--image", picture(Color.WHITE), "--names", "gizmo,gadget");

        assertThat(added.err().toString(), added.exitCode(), is(0));
        assertThat(added.out(), contains("zorb"));
        assertThat(run("list").out(), contains("zorb                 gizmo, gadget"));
        assertThat(drawn(), is(not(before)));
        assertThat(run("remove", "zorb").exitCode(), is(0));
        assertThat(run("list").out(), is(empty()));
        assertThat(drawn(), is(before));
        CommandLineRun again = run("remove", "zorb");
        assertThat(again.exitCode(), is(1));
        assertThat(again.err(), hasItem(containsString("tiny-memory was taught no 'zorb'")));
    }

    @Test
    void saysWhenTheGroundStays() throws IOException {
        CommandLineRun added = run("add", "zorb", "--image", picture(null));

        assertThat(added.exitCode(), is(0));
        assertThat(added.err(), hasItem(containsString("the picture's ground has several colours")));
    }

    @Test
    void wrongUseIsASentence() throws IOException {
        Path none = Files.writeString(folder.resolve("none.png"), "none");

        CommandLineRun noPicture = run("add", "zorb", "--image", none);
        assertThat(noPicture.exitCode(), is(2));
        assertThat(noPicture.err(), hasItem(containsString("--image is no PNG, JPEG or WebP picture")));
        CommandLineRun missing = run("add", "zorb", "--image", folder.resolve("nowhere.png"));
        assertThat(missing.exitCode(), is(2));
        assertThat(missing.err(), hasItem(containsString("--image cannot be read")));
        CommandLineRun known = run("add", "cat", "--image", picture(Color.WHITE));
        assertThat(known.exitCode(), is(2));
        assertThat(known.err(), hasItem(containsString("name 'cat' already means something")));
        assertThat(run("list").out(), is(empty()));
    }

    private CommandLineRun run(Object... arguments) {
        List<Object> words = new ArrayList<>(List.of("concepts"));
        words.addAll(List.of(arguments));
        words.addAll(List.of("--models", CommandLineRun.MODELS, "--model", "tiny-memory", "--data", folder));
        return CommandLineRun.of(words.toArray());
    }

    private byte[] drawn() throws IOException {
        Path file = folder.resolve("out.png");
        CommandLineRun run = CommandLineRun.of(
                "generate",
                "a zorb",
                "--models",
                CommandLineRun.MODELS,
                "--model",
                "tiny-memory",
                "--data",
                folder,
                "--seed",
                "7",
                "--out",
                file);
        assertThat(run.err().toString(), run.exitCode(), is(0));
        return Files.readAllBytes(file);
    }

    /** @param ground its colour; null for stripes */
    private Path picture(Color ground) throws IOException {
        BufferedImage picture = new BufferedImage(100, 100, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = picture.createGraphics();
        for (int x = 0; x < 100; x += 20) {
            pen.setColor(ground != null ? ground : x % 40 == 0 ? Color.BLUE : Color.YELLOW);
            pen.fillRect(x, 0, 20, 100);
        }
        pen.setColor(Color.RED);
        pen.fillOval(20, 20, 60, 60);
        pen.dispose();
        Path file = folder.resolve("picture.png");
        ImageIO.write(picture, "png", file.toFile());
        return file;
    }
}
