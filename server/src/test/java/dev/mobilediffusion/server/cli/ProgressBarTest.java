package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.Stage;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class ProgressBarTest {

    private final StringWriter text = new StringWriter();

    @Test
    void growsOnOneLineAndGoesAwayWhenClosed() {
        try (ProgressBar bar = new ProgressBar(new PrintWriter(text), true, "1/2 ")) {
            bar.onStage(Stage.TEXT_ENCODER);
            assertThat(text.toString(), is("\r1/2 [--------------------------------] text encoder"));
            bar.onStep(2, 8);
            assertThat(text.toString(), endsWith("\r1/2 [========------------------------] 2/8 steps   "));
            bar.onStep(8, 8);
            assertThat(text.toString(), endsWith("\r1/2 [================================] 8/8 steps"));
        }
        assertThat(text.toString(), endsWith("\r" + " ".repeat(48) + "\r"));
    }

    @Test
    void staysOutOfFilesAndPipes() {
        try (ProgressBar bar = new ProgressBar(new PrintWriter(text), false, "")) {
            bar.onStage(Stage.UNET);
            bar.onStep(1, 8);
        }
        assertThat(text.toString(), is(""));
    }
}
