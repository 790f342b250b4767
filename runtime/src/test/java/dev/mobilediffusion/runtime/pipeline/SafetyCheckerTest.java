package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A bundle with a safety checker, against diffusers' pipeline ({@code models/forge/goldens/safety_checker.py}). */
final class SafetyCheckerTest {

    private static final double SAME_IMAGE_DECIBELS = 40;
    private static final RuntimeOptions OPTIONS = RuntimeOptions.defaults();
    private static final JsonNode CASES = TinyBundle.json(TinyBundle.resource("goldens/safety/cases.json"));
    private static final long FLAGGED_SEED = 2;

    @TempDir
    private Path folder;

    private Path bundle;

    @BeforeEach
    void layOut() throws IOException {
        bundle = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
        overlay(TinyBundle.resource("goldens/safety"));
    }

    @ParameterizedTest
    @EnumSource(RuntimeOptions.MemoryProfile.class)
    void flagsWhatDiffusersFlags(RuntimeOptions.MemoryProfile memory) throws IOException {
        long before = OnnxRuntime.openHandles();
        try (TextToImage model = TextToImagePipeline.load(bundle, OPTIONS.withMemory(memory))) {
            for (JsonNode example : CASES.path("pictures")) {
                long seed = example.path("seed").longValue();
                GeneratedImage drawn = draw(model, seed, ProgressListener.NONE);

                if (example.path("flagged").booleanValue()) {
                    assertThat(drawn.rgb(), is(new byte[3 * 64 * 64]));
                    assertThat(
                            drawn.warnings(),
                            contains("the model's safety checker took the picture with seed " + seed
                                    + " for unsafe, so it is black; try another seed or prompt"));
                } else {
                    assertThat(drawn.warnings(), is(empty()));
                    Path golden = TinyBundle.resource("goldens/safety").resolve("seed-" + seed + ".png");
                    if (Files.exists(golden)) {
                        assertThat(
                                Decibels.peakSignalToNoise(drawn.rgb(), Decibels.pixels(golden)),
                                greaterThanOrEqualTo(SAME_IMAGE_DECIBELS));
                    }
                }
            }
        }
        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    @Test
    void drawsAllWhereTheOwnerSaysSo() throws IOException {
        try (TextToImage model = TextToImagePipeline.load(bundle, OPTIONS.withSafetyChecker(false));
                TextToImage without =
                        TextToImagePipeline.load(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION), OPTIONS)) {
            GeneratedImage drawn = draw(model, FLAGGED_SEED, ProgressListener.NONE);

            assertThat(
                    drawn.rgb(),
                    is(draw(without, FLAGGED_SEED, ProgressListener.NONE).rgb()));
            assertThat(drawn.warnings(), is(empty()));
        }
    }

    @Test
    void showsNoPreviewThatItFlags() {
        List<byte[]> previews = new ArrayList<>();
        ProgressListener listener = new ProgressListener() {
            @Override
            public boolean wantsPreview(int step, int steps) {
                return true;
            }

            @Override
            public void onPreview(int step, GeneratedImage preview) {
                previews.add(preview.rgb());
            }
        };
        List<byte[]> unchecked = new ArrayList<>();
        try (TextToImage model = TextToImagePipeline.load(bundle, OPTIONS);
                TextToImage free = TextToImagePipeline.load(bundle, OPTIONS.withSafetyChecker(false))) {
            CASES.path("pictures")
                    .forEach(example -> draw(model, example.path("seed").longValue(), listener));
            unchecked.addAll(previews);
            previews.clear();
            CASES.path("pictures")
                    .forEach(example -> draw(free, example.path("seed").longValue(), listener));
        }

        byte[] black = new byte[3 * 64 * 64];
        int hidden = 0;
        for (int i = 0; i < previews.size(); i++) {
            boolean isBlack = java.util.Arrays.equals(unchecked.get(i), black);
            hidden += isBlack ? 1 : 0;
            assertThat(isBlack || java.util.Arrays.equals(unchecked.get(i), previews.get(i)), is(true));
        }
        assertThat(hidden, is(not(0)));
    }

    @Test
    void refusesACheckerWithInputsThatItDoesNotKnow() throws IOException {
        Path file = bundle.resolve("safety_checker/model.onnx");
        String network = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        Files.write(file, network.replace("images", "shapes").getBytes(StandardCharsets.ISO_8859_1));

        assertThat(
                refusal(),
                is("safety_checker: the input shapes is not known here (known: clip_input, images); the network is no"
                        + " safety checker as diffusers exports it"));
    }

    @Test
    void refusesACheckerThatItCannotRun() throws IOException {
        Path other = TinyBundle.resource("bundles/tiny-sd/vae_encoder/model.onnx");
        Files.copy(other, bundle.resolve("safety_checker/model.onnx"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(refusal(), containsString("safety_checker lacks the input clip_input; it has [sample FLOAT32"));

        Files.delete(bundle.resolve("feature_extractor/preprocessor_config.json"));
        assertThat(refusal(), containsString("feature_extractor/preprocessor_config.json is missing"));

        Files.delete(bundle.resolve("safety_checker/model.onnx"));
        assertThat(
                refusal(),
                is("the model in tiny-sd names a safety_checker, and safety_checker/model.onnx is missing; export it to"
                        + " ONNX, or run without one: --safety-checker off"));
        TextToImagePipeline.load(bundle, OPTIONS.withSafetyChecker(false)).close();
    }

    @Test
    void countsItsMemory() {
        long without = ModelBundle.open(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION))
                .memoryEstimate(RuntimeOptions.MemoryProfile.SPEED);

        assertThat(
                ModelBundle.open(bundle).memoryEstimate(RuntimeOptions.MemoryProfile.SPEED) - without,
                greaterThanOrEqualTo(4 * 6_000L)); // of its parameters
    }

    private String refusal() {
        InferenceException refusal =
                assertThrows(InferenceException.class, () -> TextToImagePipeline.load(bundle, OPTIONS));
        assertThat(refusal.code(), is(InferenceException.Code.INVALID_BUNDLE));
        return refusal.getMessage();
    }

    private static GeneratedImage draw(TextToImage model, long seed, ProgressListener listener) {
        ImageRequest request = ImageRequest.of(CASES.path("prompt").textValue(), seed)
                .withNegativePrompt(CASES.path("negative_prompt").textValue())
                .withSteps(CASES.path("steps").intValue())
                .withGuidanceScale(CASES.path("guidance_scale").doubleValue());
        return model.generate(request, listener, new CancelToken());
    }

    private void overlay(Path parts) throws IOException {
        try (Stream<Path> files = Files.walk(parts)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = bundle.resolve(parts.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
