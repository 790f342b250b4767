package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ControlImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Preprocessor;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that follow control images, against diffusers' own pipeline ({@code models/forge/goldens/control.py}). */
final class ControlParityTest {

    private static final double SAME_IMAGE_DECIBELS = 40;
    private static final double ANOTHER_IMAGE_DECIBELS = 30;
    private static final String FOLDER = "goldens/control/";

    @TempDir
    private Path folder;

    static Stream<JsonNode> cases() {
        List<JsonNode> cases = new ArrayList<>();
        TinyBundle.json(TinyBundle.resource(FOLDER + "cases.json")).forEach(cases::add);
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void drawsTheImageThatDiffusersDraws(JsonNode example) throws IOException {
        ImageRequest plain = ImageRequest.of(
                        example.path("prompt").textValue(), example.path("seed").longValue())
                .withNegativePrompt(example.path("negative_prompt").textValue())
                .withSteps(example.path("steps").intValue())
                .withGuidanceScale(example.path("guidance_scale").doubleValue());
        try (TextToImage model = load(example.path("layout").textValue())) {
            byte[] drawn = draw(model, withControl(plain, example));

            byte[] golden = read(example.path("name").textValue() + ".png").rgb();
            assertThat(Decibels.peakSignalToNoise(drawn, golden), greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
            double toPlain = Decibels.peakSignalToNoise(drawn, draw(model, plain));
            boolean follows = !example.path("name").textValue().endsWith("none");
            assertThat(toPlain, follows ? lessThan(ANOTHER_IMAGE_DECIBELS) : greaterThan(SAME_IMAGE_DECIBELS));
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void nextImagesFollowOnlyWhatTheyAreGiven(String layout) throws IOException {
        ImageRequest plain = ImageRequest.of("two blue fish", 3).withSteps(2);
        ImageRequest controlled = plain.withControl(
                new ControlImage(read("control.png"), 1, Optional.of(first(layout)), Optional.of(Preprocessor.NONE)));
        long before = OnnxRuntime.openHandles();
        try (TextToImage model = load(layout)) {
            byte[] first = draw(model, plain);
            byte[] followed = draw(model, controlled);

            assertThat(draw(model, plain), is(first));
            assertThat(draw(model, controlled), is(followed));
        }
        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    static Stream<String> layouts() {
        return Stream.of("merged", "two-graphs", "adapter");
    }

    @Test
    void anAdapterMakesItsControlImageItself() throws IOException {
        RgbImage picture = read("edges-shapes-source.png");
        ImageRequest request = ImageRequest.of("two blue fish", 3).withSteps(2);
        try (TextToImage model = load("adapter")) {
            byte[] byItself = draw(model, request.withControl(ControlImage.of(picture, 1)));
            byte[] byUs = draw(
                    model,
                    request.withControl(new ControlImage(
                            read("control.png"), 1, Optional.of("lines"), Optional.of(Preprocessor.NONE))));

            assertThat(byItself, is(byUs));
        }
    }

    @Test
    void followsLinesFromAnImageToo() throws IOException {
        ImageRequest request = ImageRequest.of("two blue fish", 3)
                .withSteps(2)
                .withSource(SourceImage.of(read("edges-shapes-source.png"), 0.9));
        try (TextToImage model = load("adapter")) {
            byte[] plain = draw(model, request);
            byte[] followed = draw(model, request.withControl(ControlImage.of(read("edges-shapes-source.png"), 2)));

            assertThat(Decibels.peakSignalToNoise(plain, followed), is(lessThan(SAME_IMAGE_DECIBELS)));
        }
    }

    @Test
    void refusesWhatTheModelCannotFollow() throws IOException {
        RgbImage lines = read("control.png");
        assertThat(
                refusal(TinyBundle.folder(TinyBundle.FLOW), ControlImage.of(lines, 1)),
                is("control_image: the model tiny-flow follows no control images"));
        Path merged = bundle("merged");
        assertThat(
                refusal(merged, ControlImage.of(lines, 1)),
                is("control must name one of the controls of tiny-sd: controlnet-1, controlnet-2"));
        assertThat(
                refusal(merged, new ControlImage(lines, 1, Optional.of("depth"), Optional.empty())),
                is("control must be one that tiny-sd has (controlnet-1, controlnet-2), got depth"));
        assertThat(
                refusal(merged, ControlImage.of(new RgbImage(8, 8, new byte[192]), 1)),
                is("control_image must have the model's size, 64x64 pixels, got 8x8"));
        InferenceException scale = assertThrows(InferenceException.class, () -> ControlImage.of(lines, Double.NaN));
        assertThat(scale.getMessage(), is("control_scale must be in [0, 2], got NaN"));
    }

    @Test
    void anAdapterForAnotherUnetNamesTheFirstTensorThatDoesNotFit() throws IOException {
        Path adapter = TinyBundle.resource(FOLDER + "adapter/control/lines");
        Path another = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
        copy(adapter, another.resolve("control/lines"));

        assertThat(
                refusal(another, ControlImage.of(read("control.png"), 1)),
                containsString("the control lines is not for the UNet of tiny-sd, wh"));
    }

    private String refusal(Path bundle, ControlImage control) {
        try (TextToImage model =
                TextToImagePipeline.load(bundle, RuntimeOptions.defaults().withVerifyHashes(false))) {
            ImageRequest request = ImageRequest.of("a fish", 3).withSteps(1).withControl(control);
            InferenceException refusal = assertThrows(InferenceException.class, () -> draw(model, request));
            assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
            return refusal.getMessage();
        }
    }

    private static String first(String layout) {
        return switch (layout) {
            case "merged" -> "controlnet-1";
            case "two-graphs" -> "controlnet";
            default -> "lines";
        };
    }

    /** The control image for the network whose scale is not 0. */
    private static ImageRequest withControl(ImageRequest request, JsonNode example) throws IOException {
        JsonNode scales = example.path("scales");
        int used = scales.size() > 1 && scales.path(1).doubleValue() != 0 ? 1 : 0;
        String name = scales.size() > 1
                ? "controlnet-" + (used + 1)
                : first(example.path("layout").textValue());
        return request.withControl(new ControlImage(
                read("control.png"),
                scales.path(used).doubleValue(),
                Optional.of(name),
                Optional.of(Preprocessor.NONE)));
    }

    private TextToImage load(String layout) throws IOException {
        return TextToImagePipeline.load(
                bundle(layout), RuntimeOptions.defaults().withVerifyHashes(false));
    }

    /** The tiny bundle with what the layout has instead or besides. */
    private Path bundle(String layout) throws IOException {
        String base = layout.equals("adapter") ? TinyBundle.FLOW : TinyBundle.STABLE_DIFFUSION;
        Path bundle = TinyBundle.copy(base, Files.createDirectories(folder.resolve(layout)));
        copy(TinyBundle.resource(FOLDER + layout), bundle);
        return bundle;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static byte[] draw(TextToImage model, ImageRequest request) {
        return model.generate(request, ProgressListener.NONE, new CancelToken()).rgb();
    }

    private static RgbImage read(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource(FOLDER + name)), "image")
                .image();
    }
}
