package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The model that is shipped. */
final class PocketTest {

    @Test
    void drawsWhatPeopleWriteInItsOwnWords() {
        try (TextToImage pocket =
                TextToImagePipeline.load(Path.of("..", "models", "pocket"), RuntimeOptions.defaults())) {
            GeneratedImage written = draw(pocket, "2 cats on the beach");
            GeneratedImage said = draw(pocket, "two cats by the sea");

            assertThat(written.rgb(), is(said.rgb()));
            assertThat(written.warnings(), contains("prompt: 'on the beach' is drawn as 'by the sea'"));
            assertThat(said.warnings(), is(empty()));
        }
    }

    private static GeneratedImage draw(TextToImage model, String prompt) {
        return model.generate(ImageRequest.of(prompt, 7), ProgressListener.NONE, new CancelToken());
    }
}
