package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code generate --upscale}, with a tiny model of 64x64 pixels. */
final class GenerateLargerTest {

    @TempDir
    private Path folder;

    @Test
    void writesALargerImage() throws IOException {
        Path file = folder.resolve("house.png");

        CommandLineRun run = CommandLineRun.generate(
                "a red house", "--seed", 7, "--upscale", 1.5, "--upscaler", "lanczos", "--out", file);

        assertThat(run.err().toString(), run.exitCode(), is(0));
        assertThat(run.err(), contains(startsWith("96x96, seed 7, 4 steps")));
        assertThat(ImageIO.read(file.toFile()).getWidth(), is(96));
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1), containsString("Hires resize: 96x96"));
    }

    @Test
    void refusesWhatCannotBe() {
        assertRefused("--upscaler wants --upscale", "--upscaler", "Lanczos");
        assertRefused("--upscale-strength wants --upscale", "--upscale-strength", 0.3);
        assertRefused("must be a number in [0, 8], got '9'", "--upscale", 9);
        assertRefused("must be a number in [1, 8], got '0.5'", "--upscale", 0.5);
        assertRefused("a second pass is for pictures that are drawn from words", "--upscale", 2, "--image", image());
    }

    private Path image() {
        Path file = folder.resolve("source.png");
        CommandLineRun run = CommandLineRun.generate("a red house", "--seed", 7, "--out", file);
        assertThat(run.exitCode(), is(0));
        return file;
    }

    private void assertRefused(String sentence, Object... options) {
        Object[] arguments = new Object[options.length + 3];
        arguments[0] = "a red house";
        arguments[1] = "--out";
        arguments[2] = folder.resolve("none.png");
        System.arraycopy(options, 0, arguments, 3, options.length);

        CommandLineRun run = CommandLineRun.generate(arguments);

        assertThat(run.exitCode(), is(2));
        assertThat(run.err(), hasItem(containsString(sentence)));
        assertThat(Files.exists(folder.resolve("none.png")), is(false));
    }
}
