package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images drawn anew against diffusers' own pipelines ({@code models/forge/goldens/image_to_image.py}). */
final class ImageToImageParityTest {

    private static final double SAME_IMAGE_DECIBELS = 40;
    private static final String FOLDER = "goldens/image-to-image/";

    static Stream<JsonNode> cases() {
        List<JsonNode> cases = new ArrayList<>();
        TinyBundle.json(TinyBundle.resource(FOLDER + "cases.json")).forEach(cases::add);
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void drawsTheImageThatDiffusersDraws(JsonNode example, @TempDir Path folder) throws IOException {
        Path bundle = TinyBundle.copy(example.path("bundle").textValue(), folder);
        TinyBundle.change(bundle.resolve("scheduler/scheduler_config.json"), example.path("scheduler"));
        ImageRequest request = ImageRequest.of(
                        example.path("prompt").textValue(), example.path("seed").longValue())
                .withNegativePrompt(example.path("negative_prompt").textValue())
                .withSteps(example.path("steps").intValue())
                .withGuidanceScale(example.path("guidance_scale").doubleValue())
                .withSource(new SourceImage(
                        read("source.png"),
                        example.path("strength").doubleValue(),
                        example.path("masked").booleanValue() ? mask() : new byte[0],
                        SourceImage.MaskContent.ORIGINAL));

        try (TextToImage model =
                TextToImagePipeline.load(bundle, RuntimeOptions.defaults().withVerifyHashes(false))) {
            byte[] drawn = draw(model, request).rgb();

            byte[] golden = read(example.path("name").textValue() + ".png").rgb();
            assertThat(Decibels.peakSignalToNoise(drawn, golden), greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
        }
    }

    /** One step from noise would see nothing of the image; from less noise it keeps more of it. */
    @Test
    void oneStepBeginsWhereTheStrengthSays() throws IOException {
        RgbImage source = read("source.png");
        ImageRequest request = ImageRequest.of("a red house", 3).withSteps(1);
        try (TextToImage model =
                TextToImagePipeline.load(TinyBundle.folder(TinyBundle.FLOW), RuntimeOptions.defaults())) {
            byte[] untouched =
                    draw(model, request.withSource(SourceImage.of(source, 0))).rgb();
            double little = Decibels.peakSignalToNoise(
                    draw(model, request.withSource(SourceImage.of(source, 0.2))).rgb(), untouched);
            double half = Decibels.peakSignalToNoise(
                    draw(model, request.withSource(SourceImage.of(source, 0.5))).rgb(), untouched);
            double whole = Decibels.peakSignalToNoise(
                    draw(model, request.withSource(SourceImage.of(source, 1))).rgb(), untouched);

            assertThat(half, is(lessThan(little)));
            assertThat(whole, is(lessThan(half)));
            byte[] fromNoise = draw(model, request).rgb();
            assertThat(
                    Decibels.peakSignalToNoise(
                            draw(model, request.withSource(SourceImage.of(source, 1)))
                                    .rgb(),
                            fromNoise),
                    greaterThan(SAME_IMAGE_DECIBELS));
        }
    }

    /** Two thirds of 1 step is none, so two are planned and the second is walked, as diffusers would for 2 steps. */
    @Test
    void plansAsManyStepsAsMakeOne() throws IOException {
        List<Integer> steps = new ArrayList<>();
        ProgressListener counting = new ProgressListener() {
            @Override
            public void onStep(int step, int of) {
                steps.add(of);
            }
        };
        try (TextToImage model =
                TextToImagePipeline.load(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION), RuntimeOptions.defaults())) {
            ImageRequest two = ImageRequest.of("a fish", 3)
                    .withGuidanceScale(1)
                    .withSteps(2)
                    .withSource(SourceImage.of(read("source.png"), 0.6));

            byte[] fromTwo = model.generate(two, counting, new CancelToken()).rgb();
            byte[] fromOne = model.generate(two.withSteps(1), counting, new CancelToken())
                    .rgb();

            assertThat(steps, is(List.of(1, 1)));
            assertThat(fromOne, is(fromTwo));
        }
    }

    /** What the encoder made of the last image is used again for the same pixels alone. */
    @Test
    void eachImageIsSeenAsItIs() throws IOException {
        RgbImage one = read("source.png");
        RgbImage other = read("flow.png");
        ImageRequest request = ImageRequest.of("a red house", 3).withSteps(1);
        try (TextToImage model =
                        TextToImagePipeline.load(TinyBundle.folder(TinyBundle.FLOW), RuntimeOptions.defaults());
                TextToImage fresh =
                        TextToImagePipeline.load(TinyBundle.folder(TinyBundle.FLOW), RuntimeOptions.defaults())) {
            byte[] first =
                    draw(model, request.withSource(SourceImage.of(one, 0.5))).rgb();
            byte[] second =
                    draw(model, request.withSource(SourceImage.of(other, 0.5))).rgb();
            byte[] again =
                    draw(model, request.withSource(SourceImage.of(one, 0.5))).rgb();

            assertThat(again, is(first));
            assertThat(
                    second,
                    is(draw(fresh, request.withSource(SourceImage.of(other, 0.5)))
                            .rgb()));
            Arrays.fill(one.rgb(), 0, one.rgb().length / 2, (byte) 0);
            assertThat(draw(model, request.withSource(SourceImage.of(one, 0.5))).rgb(), is(not(first)));
        }
    }

    @Test
    void refusesWhatCannotBeDrawnAnew() throws IOException {
        ImageRequest request = ImageRequest.of("a fish", 3).withSource(SourceImage.of(read("source.png"), 0.5));
        try (TextToImage blind =
                TextToImagePipeline.load(TinyBundle.folder(TinyBundle.FLOW_ON_INTEGERS), RuntimeOptions.defaults())) {
            InferenceException refusal = assertThrows(InferenceException.class, () -> draw(blind, request));
            assertThat(refusal.getMessage(), containsString("it has no vae_encoder/ to read a picture with"));
        }
        try (TextToImage model =
                TextToImagePipeline.load(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION), RuntimeOptions.defaults())) {
            RgbImage small = new RgbImage(8, 8, new byte[192]);
            InferenceException refusal = assertThrows(
                    InferenceException.class, () -> draw(model, request.withSource(SourceImage.of(small, 0.5))));
            assertThat(refusal.getMessage(), is("image must have the model's size, 64x64 pixels, got 8x8"));
        }
        InferenceException strength =
                assertThrows(InferenceException.class, () -> SourceImage.of(read("source.png"), 1.5));
        assertThat(strength.getMessage(), is("strength must be in [0, 1], got 1.5"));
    }

    private static GeneratedImage draw(TextToImage model, ImageRequest request) {
        return model.generate(request, ProgressListener.NONE, new CancelToken());
    }

    private static RgbImage read(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource(FOLDER + name)), "image")
                .image();
    }

    private static byte[] mask() throws IOException {
        RgbImage grey = read("mask.png");
        byte[] mask = new byte[grey.width() * grey.height()];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = grey.rgb()[3 * i];
        }
        return mask;
    }
}
