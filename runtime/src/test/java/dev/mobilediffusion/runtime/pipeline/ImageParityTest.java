package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our images against diffusers' of the same bundles, seeds and settings ({@code models/forge/goldens/images.py}). */
final class ImageParityTest {

    private static final double SAME_IMAGE_DECIBELS = 40;

    static Stream<JsonNode> cases() {
        List<JsonNode> cases = new ArrayList<>();
        TinyBundle.json(TinyBundle.resource("goldens/pictures/cases.json")).forEach(cases::add);
        return cases.stream();
    }

    @Test
    void thereAreGoldenImages() {
        assertThat(cases().toList(), hasSize(greaterThanOrEqualTo(5)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void drawsTheImageThatDiffusersDraws(JsonNode example, @TempDir Path folder) throws IOException {
        Path bundle = TinyBundle.copy(example.path("bundle").textValue(), folder);
        boolean otherScheduler = !example.path("scheduler").isEmpty();
        if (otherScheduler) {
            TinyBundle.change(bundle.resolve("scheduler/scheduler_config.json"), example.path("scheduler"));
        }
        ImageRequest request = ImageRequest.of(
                        example.path("prompt").textValue(), example.path("seed").longValue())
                .withNegativePrompt(example.path("negative_prompt").textValue())
                .withSteps(example.path("steps").intValue())
                .withGuidanceScale(example.path("guidance_scale").doubleValue());
        RuntimeOptions options = RuntimeOptions.defaults().withVerifyHashes(!otherScheduler);

        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            GeneratedImage image = model.generate(request, ProgressListener.NONE, new CancelToken());

            Path golden = TinyBundle.resource(
                    "goldens/pictures/" + example.path("name").textValue() + ".png");
            assertThat(
                    Decibels.peakSignalToNoise(image.rgb(), Decibels.pixels(golden)),
                    greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
        }
    }
}
