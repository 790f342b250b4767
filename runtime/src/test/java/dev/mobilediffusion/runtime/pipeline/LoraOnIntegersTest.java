package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.concept.Concepts;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** pocket, whose weights are integers, with LoRAs: {@code goldens/integer_lora.py} draws what is compared, on floats. */
final class LoraOnIntegersTest {

    private static final String PROMPT = "a red cat by the sea";

    @TempDir
    private Path models;

    private Path bundle;

    @BeforeEach
    void install() throws IOException {
        bundle = Files.createSymbolicLink(
                models.resolve("pocket"),
                Path.of("..", "models", "pocket").toAbsolutePath().normalize());
        Files.createDirectory(models.resolve("loras"));
        for (String name : List.of("integers", "kohya")) {
            Files.copy(
                    TinyBundle.resource("goldens/lora/" + name + ".safetensors"),
                    models.resolve("loras").resolve(name + ".safetensors"));
        }
    }

    @Test
    void drawsAlmostWhatFloatsDraw() throws IOException {
        byte[] golden = Decibels.pixels(TinyBundle.resource("goldens/lora/integers.png"));
        try (TextToImage model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            byte[] without = draw(model, PROMPT);
            byte[] with = draw(model, PROMPT, new Lora("integers", 1));

            assertThat(Decibels.peakSignalToNoise(with, golden), is(greaterThan(38.0)));
            assertThat(Decibels.peakSignalToNoise(without, golden), is(lessThan(30.0)));
            assertThat(
                    "two halves", draw(model, PROMPT, new Lora("integers", 0.5), new Lora("integers", 0.5)), is(with));
            assertThat(draw(model, PROMPT), is(without));
        }
    }

    @Test
    void oneForAnotherModelIsRefusedByItsFirstLayer() {
        try (TextToImage model = TextToImagePipeline.load(bundle, RuntimeOptions.defaults())) {
            byte[] without = draw(model, PROMPT);
            InferenceException refusal =
                    assertThrows(InferenceException.class, () -> draw(model, PROMPT, new Lora("kohya", 1)));

            assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
            assertThat(
                    refusal.getMessage().startsWith("the LoRA kohya is not for pocket, which has no layer "), is(true));
            assertThat(draw(model, PROMPT), is(without));
        }
    }

    @Test
    void aThingOfOnesOwnIsDrawnWithOneToo() throws IOException {
        Path own = models.resolve("concepts");
        RuntimeOptions options = RuntimeOptions.defaults().withConcepts(own);
        try (TextToImage model = TextToImagePipeline.load(bundle, options)) {
            byte[] before = draw(model, "a zorb");
            byte[] beforeWith = draw(model, "a zorb", new Lora("integers", 1));
            new Concepts(ModelBundle.open(bundle), own, options)
                    .add(
                            "zorb",
                            List.of(),
                            ImageFileReader.read(
                                    Files.readAllBytes(TinyBundle.resource("goldens/pictures/zorb.png")), "image"));
            byte[] taught = draw(model, "a zorb");
            byte[] taughtWith = draw(model, "a zorb", new Lora("integers", 1));

            assertThat(Decibels.peakSignalToNoise(taught, before), is(lessThan(22.0)));
            assertThat(Decibels.peakSignalToNoise(taughtWith, beforeWith), is(lessThan(22.0)));
            assertThat(Decibels.peakSignalToNoise(taughtWith, taught), is(lessThan(35.0)));
            assertThat("purple, the zorb's own colour", isPurple(taught), is(true));
        }
    }

    /** Whether the middle of the picture has more red and blue than green. */
    private static boolean isPurple(byte[] rgb) {
        int most = 0;
        for (int y = 128; y < 384; y++) {
            for (int x = 128; x < 384; x++) {
                int at = 3 * (y * 512 + x);
                int green = rgb[at + 1] & 0xff;
                most += (rgb[at] & 0xff) > green + 30 && (rgb[at + 2] & 0xff) > green + 60 ? 1 : 0;
            }
        }
        return most > 5000;
    }

    private static byte[] draw(TextToImage model, String prompt, Lora... loras) {
        ImageRequest request = ImageRequest.of(prompt, 7).withLoras(List.of(loras));
        return model.generate(request, ProgressListener.NONE, new CancelToken()).rgb();
    }
}
