package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextToImagePipelineTest extends PipelineFixture {

    @Test
    void equalRequestsGiveEqualPixels() {
        GeneratedImage first = draw(HOUSE);

        assertThat(draw(HOUSE).rgb(), is(first.rgb()));
        assertThat(draw(HOUSE.withSeed(8)).rgb(), is(not(first.rgb())));
        assertThat(draw(ImageRequest.of("two blue fish", 7)).rgb(), is(not(first.rgb())));
        assertThat(draw(HOUSE.withSteps(9)).rgb(), is(not(first.rgb())));
        assertThat(draw(HOUSE).rgb(), is(first.rgb()));
        try (TextToImagePipeline again = load(TinyBundle.FLOW, RuntimeOptions.defaults())) {
            assertThat(draw(again, HOUSE).rgb(), is(first.rgb()));
        }
    }

    @Test
    void showsTheUnfinishedImageWhereItIsWantedAndDrawsTheSameInTheEnd() {
        List<Integer> asked = new ArrayList<>();
        List<GeneratedImage> previews = new ArrayList<>();
        ProgressListener curious = new ProgressListener() {
            @Override
            public boolean wantsPreview(int step, int steps) {
                asked.add(step);
                return step != 2;
            }

            @Override
            public void onPreview(int step, GeneratedImage preview) {
                previews.add(preview);
            }
        };

        GeneratedImage finished = model.generate(HOUSE, curious, new CancelToken());

        assertThat(asked, contains(1, 2, 3));
        assertThat(previews.size(), is(2));
        assertThat(previews.get(0).width(), is(64));
        assertThat(
                "the later preview is nearer to the picture",
                distance(previews.get(1), finished),
                is(lessThan(distance(previews.get(0), finished))));
        assertThat(finished.rgb(), is(draw(HOUSE).rgb()));
    }

    private static long distance(GeneratedImage one, GeneratedImage other) {
        long sum = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            sum += Math.abs((one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff));
        }
        return sum;
    }

    @Test
    void fillsInTheModelsDefaults() {
        GeneratedImage image = draw(HOUSE);

        assertThat(image.width(), is(64));
        assertThat(image.request().steps(), is(OptionalInt.of(4)));
        assertThat(image.request().guidanceScale(), is(OptionalDouble.of(1)));
        assertThat(image.warnings(), is(empty()));
        ModelInfo info = model.model();
        assertThat(info.name(), is("tiny-flow"));
        assertThat(info.defaultSteps(), is(4));
        assertThat(info.guidanceBakedIn(), is(true));
        assertThat(info.schedulerName(), is("FlowMatchEulerDiscreteScheduler"));
        assertThat(info.sha256().length(), is(64));
    }

    @Test
    void reportsStagesAndSteps() {
        List<String> heard = new ArrayList<>();
        GeneratedImage image = model.generate(
                HOUSE.withSteps(2),
                new ProgressListener() {
                    @Override
                    public void onStage(Stage stage) {
                        heard.add(stage.label());
                    }

                    @Override
                    public void onStep(int step, int steps) {
                        heard.add(step + "/" + steps);
                    }
                },
                new CancelToken());

        assertThat(heard, contains("tokenize", "text_encoder", "unet", "1/2", "2/2", "vae_decoder"));
        assertThat(
                image.timings().durations().keySet(),
                contains(Stage.TOKENIZE, Stage.TEXT_ENCODER, Stage.UNET, Stage.VAE_DECODER));
    }

    @Test
    void warnsOfWhatThePersonWhoAskedShouldKnow() {
        ImageRequest request = ImageRequest.of("a purple dragon, " + "the sea ".repeat(40), 7)
                .withNegativePrompt("snow")
                .withGuidanceScale(5)
                .withSteps(30);

        assertThat(
                draw(request).warnings(),
                contains(
                        containsString("steps 30 is outside what the model was made for, [1, 20]"),
                        containsString("guidance_scale 5.0 is ignored"),
                        equalTo("prompt has words that the model does not know: purple, dragon"),
                        containsString("prompt is longer than the model's 46 tokens; ignored: "),
                        containsString("negative_prompt has no effect")));
    }

    @Test
    void weighsWords() {
        GeneratedImage plain = draw(HOUSE);

        assertThat(
                draw(ImageRequest.of("a (red:1.5) house by the sea at sunset", 7))
                        .rgb(),
                is(not(plain.rgb())));
        assertThat(
                draw(ImageRequest.of("a (red:1) house by the sea at sunset", 7)).rgb(), is(plain.rgb()));
    }

    @Test
    void refusesAWeightThatDrawsNothing() {
        InferenceException refusal =
                assertThrows(InferenceException.class, () -> draw(HOUSE.withNegativePrompt("(snow:1e3) (night:101)")));

        assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
        assertThat(refusal.getMessage(), is("negative_prompt: weights must be in [-100, 100], got 101.0"));
    }

    @Test
    void remembersPromptEmbeddings() {
        draw(HOUSE);
        draw(HOUSE.withSeed(8));

        assertThat(model.embeddingCacheHits(), is(1L));
        assertThat(model.embeddingCacheMisses(), is(1L));
    }

    @Test
    void guidanceTakesTheNegativePromptIntoAccount() {
        try (TextToImagePipeline guided = load(TinyBundle.STABLE_DIFFUSION, RuntimeOptions.defaults())) {
            ImageRequest request = HOUSE.withSteps(3).withGuidanceScale(5);

            GeneratedImage plain = draw(guided, request);

            assertThat(draw(guided, request.withNegativePrompt("snow")).rgb(), is(not(plain.rgb())));
            assertThat(draw(guided, request.withGuidanceScale(1)).rgb(), is(not(plain.rgb())));
            assertThat(plain.warnings(), is(empty()));
            assertThat(
                    draw(guided, request.withGuidanceScale(1).withNegativePrompt("snow"))
                            .warnings(),
                    contains(containsString("negative_prompt has no effect")));
        }
    }

    @Test
    void guidesInTwoCallsWhereABatchOfTwoDoesNotRunAfterAll(@TempDir Path folder) throws IOException {
        Path bundle = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
        Files.copy(
                TinyBundle.resource("networks/frozen_batch.onnx"),
                bundle.resolve("unet/model.onnx"),
                StandardCopyOption.REPLACE_EXISTING);
        long before = OnnxRuntime.openHandles();
        try (TextToImagePipeline frozen = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            GeneratedImage image = draw(frozen, HOUSE.withSteps(2).withGuidanceScale(5));

            assertThat(image.request().guidanceScale(), is(OptionalDouble.of(5)));
        }
        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    @Test
    void warmsUp() {
        model.warmUp();

        assertThat(draw(HOUSE).warnings(), is(empty()));
    }
}
