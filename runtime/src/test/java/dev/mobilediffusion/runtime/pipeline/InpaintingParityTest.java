package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A UNet of nine channels against diffusers' own pipeline ({@code models/forge/goldens/inpainting.py}). */
final class InpaintingParityTest {

    private static final double SAME_IMAGE_DECIBELS = 40;
    private static final Path GOLDENS = TinyBundle.resource("goldens/inpainting");
    private static final Path PICTURES = TinyBundle.resource("goldens/image-to-image");

    @TempDir
    private Path folder;

    private Path bundle;

    @BeforeEach
    void layOut() throws IOException {
        bundle = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
        for (String part : List.of("unet/model.onnx", "unet/config.json", "model_index.json")) {
            Files.copy(GOLDENS.resolve(part), bundle.resolve(part), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    static Stream<JsonNode> cases() {
        List<JsonNode> cases = new ArrayList<>();
        TinyBundle.json(GOLDENS.resolve("cases.json")).forEach(cases::add);
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void drawsTheImageThatDiffusersDraws(JsonNode example) throws IOException {
        TinyBundle.change(bundle.resolve("scheduler/scheduler_config.json"), example.path("scheduler"));
        ImageRequest words = ImageRequest.of(
                        example.path("prompt").textValue(), example.path("seed").longValue())
                .withNegativePrompt(example.path("negative_prompt").textValue())
                .withSteps(example.path("steps").intValue())
                .withGuidanceScale(example.path("guidance_scale").doubleValue());
        double strength = example.path("strength").doubleValue();
        ImageRequest request =
                switch (example.path("kind").textValue()) {
                    case "words" -> words;
                    case "picture" -> words.withSource(SourceImage.of(source().image(), strength));
                    default ->
                        words.withSource(
                                new SourceImage(source().image(), strength, mask(), SourceImage.MaskContent.ORIGINAL));
                };
        RgbImage golden =
                read(GOLDENS.resolve(example.path("name").textValue() + ".png")).image();
        try (TextToImage model = load()) {
            for (int time = 0; time < 2; time++) { // the second time with what the encoder still knows
                assertThat(
                        Decibels.peakSignalToNoise(draw(model, request), golden.rgb()),
                        greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
            }
        }
    }

    @Test
    void drawsTheSameTwoAtATimeAndOneByOne() throws IOException {
        ImageRequest request = ImageRequest.of("a red house", 3)
                .withSteps(3)
                .withGuidanceScale(5)
                .withSource(new SourceImage(source().image(), 0.8, mask(), SourceImage.MaskContent.ORIGINAL));
        byte[] pairs;
        try (TextToImage model = load()) {
            pairs = draw(model, request);
        }
        RuntimeOptions small = RuntimeOptions.defaults().withMemory(RuntimeOptions.MemoryProfile.SMALL);
        try (TextToImage model = TextToImagePipeline.load(bundle, small)) {
            assertThat(Decibels.peakSignalToNoise(draw(model, request), pairs), greaterThanOrEqualTo(60.0));
        }
    }

    @Test
    void seesWhatIsAroundTheMask() throws IOException {
        ImageRequest request = ImageRequest.of("a red house", 3).withSteps(3);
        byte[] inverted = source().image().rgb().clone();
        for (int i = 0; i < inverted.length; i++) {
            inverted[i] = (byte) ~inverted[i];
        }
        try (TextToImage model = load()) {
            byte[] first = draw(model, request.withSource(anew(source().image(), mask())));
            byte[] second = draw(model, request.withSource(anew(new RgbImage(64, 64, inverted), mask())));

            assertThat(Decibels.peakSignalToNoise(first, second), is(lessThan(SAME_IMAGE_DECIBELS)));
        }
    }

    /** Through the same edit as every API's. */
    @Test
    void pixelsOutsideTheMaskAreTheInputsOwn() throws IOException {
        try (TextToImage model = load()) {
            ImageEdit edit = ImageEdit.of(
                    source(),
                    Optional.of(read(PICTURES.resolve("mask.png"))),
                    ImageEdit.Options.DEFAULT,
                    model.model());
            ImageRequest request =
                    ImageRequest.of("a red house", 3).withSteps(2).withSource(edit.source(1));

            byte[] finished = edit.finish(model.generate(request, ProgressListener.NONE, new CancelToken()))
                    .rgb();

            byte[] input = source().image().rgb();
            int held = 0;
            for (int y = 0; y < 64; y++) {
                for (int x = 0; x < 64; x++) {
                    boolean far = x < 4 || x >= 60; // beyond the mask's blur
                    for (int i = 3 * (64 * y + x); far && i < 3 * (64 * y + x) + 3; i++) {
                        assertThat(finished[i], is(input[i]));
                        held++;
                    }
                }
            }
            assertThat(held > 1000, is(true));
        }
    }

    @Test
    void wantsAnEncoder() throws IOException {
        Files.delete(bundle.resolve("vae_encoder/model.onnx"));

        InferenceException refusal = assertThrows(InferenceException.class, this::load);

        assertThat(refusal.code(), is(InferenceException.Code.INVALID_BUNDLE));
        assertThat(
                refusal.getMessage(),
                containsString("is made for in-painting (its UNet takes 9 channels), and vae_encoder/model.onnx is"
                        + " missing"));
    }

    private static SourceImage anew(RgbImage image, byte[] mask) {
        return new SourceImage(image, 1, mask, SourceImage.MaskContent.ORIGINAL);
    }

    private TextToImage load() {
        return TextToImagePipeline.load(bundle, RuntimeOptions.defaults());
    }

    private static byte[] draw(TextToImage model, ImageRequest request) {
        return model.generate(request, ProgressListener.NONE, new CancelToken()).rgb();
    }

    private static ImageFileReader.Read source() throws IOException {
        return read(PICTURES.resolve("source.png"));
    }

    private static ImageFileReader.Read read(Path file) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(file), "image");
    }

    private static byte[] mask() throws IOException {
        RgbImage grey = read(PICTURES.resolve("mask.png")).image();
        byte[] mask = new byte[grey.width() * grey.height()];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = grey.rgb()[3 * i];
        }
        return mask;
    }
}
