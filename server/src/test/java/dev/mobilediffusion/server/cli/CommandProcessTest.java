package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandProcessTest {

    private static final Path MODELS = CommandLineRun.MODELS.toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @Test
    void drawsIntoTheFolderThatItIsCalledFrom() throws Exception {
        try (ChildProcess child = ChildProcess.start(
                folder, "generate", "A red house!", "--seed", 7, "--models", MODELS, "--model", "tiny-flow")) {
            assertThat(child.awaitExit(), is(0));
            assertThat(child.out(), contains("a-red-house-7.png"));
            assertThat(child.err(), hasItem(startsWith("64x64, seed 7")));
            assertThat(Files.size(folder.resolve("a-red-house-7.png")) > 1000, is(true));
        }
    }

    @Test
    void drawsALongPrompt() throws Exception {
        String prompt = "a red house by the sea, ".repeat(2000);

        try (ChildProcess child = ChildProcess.start(
                folder, "generate", prompt, "--out", "a.png", "--models", MODELS, "--model", "tiny-flow")) {
            assertThat(child.awaitExit(), is(0));
            assertThat(child.out(), contains("a.png"));
            assertThat(child.err(), hasItem(containsString("prompt is longer than the model's")));
        }
    }

    @Test
    void endsWithOneSentenceAndTheExitCodeOfWrongUsage() throws Exception {
        try (ChildProcess child = ChildProcess.start(folder, "generate", "a", "--steps", "-1")) {
            assertThat(child.awaitExit(), is(2));
            assertThat(child.out(), is(empty()));
            assertThat(
                    child.err(),
                    contains("mobilediffusion: --steps must be a whole number in [1, 150], got '-1'; "
                            + "see 'mobilediffusion generate --help'"));
        }
    }
}
