package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.lessThan;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A bundle that remembers images of things ({@code models/forge/goldens/memory_bundle.py}). */
final class MemoryBundleTest {

    private static final int SEED = 7;

    private final TextToImage model =
            TextToImagePipeline.load(TinyBundle.folder(TinyBundle.MEMORY), RuntimeOptions.defaults());

    @AfterEach
    void close() {
        model.close();
    }

    @ParameterizedTest
    @CsvSource({"memory-one, a cat in the desert", "memory-two, a cat on top of a car"})
    void drawsWhatTheForgeDraws(String golden, String prompt) throws IOException {
        byte[] expected = Decibels.pixels(TinyBundle.resource("goldens/pictures/" + golden + ".png"));

        assertThat(Decibels.peakSignalToNoise(draw(prompt), expected), greaterThan(40.0));
    }

    @Test
    void weighsWordsAndLeavesWhatIsRemembered() {
        double decibels = Decibels.peakSignalToNoise(draw("a cat in the desert"), draw("a (cat:1.02) in the desert"));

        assertThat(decibels, greaterThan(25.0));
    }

    @Test
    void drawsOtherwiseWhereNothingIsRemembered() {
        assertThat(Decibels.peakSignalToNoise(draw("a cat"), draw("a top")), lessThan(25.0));
    }

    private byte[] draw(String prompt) {
        return model.generate(ImageRequest.of(prompt, SEED).withSteps(2), ProgressListener.NONE, new CancelToken())
                .rgb();
    }
}
