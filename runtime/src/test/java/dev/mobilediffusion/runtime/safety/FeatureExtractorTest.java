package dev.mobilediffusion.runtime.safety;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against transformers' CLIPImageProcessor ({@code models/forge/goldens/safety_checker.py}). */
final class FeatureExtractorTest {

    private static final String FOLDER = "goldens/safety/";

    @TempDir
    private Path folder;

    private Path bundle;

    @BeforeEach
    void copy() {
        bundle = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
    }

    @ParameterizedTest
    @CsvSource({
        "square, edge, 32, 32", "wide, edge, 32, 32", "high, edge, 32, 32",
        "square, objects, 24, 32", "wide, objects, 24, 32", "high, objects, 24, 32",
        "square, sides, 72, 72"
    })
    void givesWhatTransformersGives(String picture, String config, int columns, int rows) throws IOException {
        RgbImage image = read(FOLDER + picture + ".png");
        FeatureExtractor extractor = extractor(
                TinyBundle.json(TinyBundle.resource(FOLDER + "extractors.json")).path(config));

        assertThat(extractor.columns(image.width(), image.height()), is(columns));
        assertThat(extractor.rows(image.width(), image.height()), is(rows));
        float[] pixels = new float[3 * rows * columns];
        extractor.apply(image, pixels, columns, rows);

        FloatBuffer golden = ByteBuffer.wrap(
                        Files.readAllBytes(TinyBundle.resource(FOLDER + picture + "-" + config + ".f32")))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        assertThat(golden.remaining(), is(pixels.length));
        for (int i = 0; i < pixels.length; i++) {
            assertThat("value " + i, (double) pixels[i], closeTo(golden.get(i), 1e-5));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'resample': 0} | resample must be 1 (Lanczos), 2 (bilinear) or 3 (bicubic), got 0",
                "{'size': 5000} | size must be in [1, 4096], got 5000",
                "{'size': {'shortest_edge': 0}} | shortest_edge must be in [1, 4096], got 0",
                "{'crop_size': {'shortest_edge': 9}} | crop_size must be a number, or height and width",
                "{'image_mean': [1, 2]} | image_mean must have 3 numbers, got 2",
                "{'image_std': [1, 0, 1]} | image_std must be above 0, got 0",
            })
    void namesWhatTheConfigHasWrong(String change, String sentence) throws IOException {
        Path config =
                Files.createDirectories(bundle.resolve("feature_extractor")).resolve("preprocessor_config.json");
        Files.writeString(config, "{}");
        TinyBundle.change(config, change);

        InferenceException refusal =
                assertThrows(InferenceException.class, () -> FeatureExtractor.of(opened().featureExtractor()));

        assertThat(refusal.getMessage(), containsString(sentence));
    }

    @Test
    void refusesACropThatIsLargerThanThePicture() throws IOException {
        FeatureExtractor extractor = extractor(
                TinyBundle.json(TinyBundle.resource(FOLDER + "extractors.json")).path("objects"));

        InferenceException refusal = assertThrows(
                InferenceException.class,
                () -> new FeatureExtractor(extractor.filter(), 20, 0, 0, 24, 32, 1, extractor.mean(), extractor.std())
                        .columns(64, 64));

        assertThat(refusal.getMessage(), containsString("crop_size must be at most what size makes of a picture, 20"));
    }

    private FeatureExtractor extractor(JsonNode config) throws IOException {
        Path file = Files.createDirectories(bundle.resolve("feature_extractor")).resolve("preprocessor_config.json");
        Files.writeString(file, config.toString());
        return FeatureExtractor.of(opened().featureExtractor());
    }

    private ModelBundle opened() {
        return ModelBundle.open(bundle);
    }

    private static RgbImage read(String name) throws IOException {
        BufferedImage read = ImageIO.read(TinyBundle.resource(name).toFile());
        byte[] rgb = new byte[3 * read.getWidth() * read.getHeight()];
        for (int i = 0; i < rgb.length; i++) {
            int pixel = read.getRGB(i / 3 % read.getWidth(), i / 3 / read.getWidth());
            rgb[i] = (byte) (pixel >> (16 - 8 * (i % 3)));
        }
        return new RgbImage(read.getWidth(), read.getHeight(), rgb);
    }
}
