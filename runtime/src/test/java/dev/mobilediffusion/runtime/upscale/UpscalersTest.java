package dev.mobilediffusion.runtime.upscale;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code double.onnx} doubles each side; {@code goldens/upscaler.py} made it and what it makes of a whole image. */
final class UpscalersTest {

    private static final double SAME_IMAGE_DECIBELS = 40;

    @TempDir
    private Path folder;

    private Upscalers upscalers;

    @BeforeEach
    void install() throws IOException {
        Files.copy(TinyBundle.resource("networks/double.onnx"), folder.resolve("double.onnx"));
        upscalers = new Upscalers(folder, RuntimeOptions.defaults());
    }

    @Test
    void tilesMakeTheImageThatTheWholeWouldMake() throws IOException {
        long before = OnnxRuntime.openHandles();
        RgbImage small = read("small.png");
        RgbImage whole = read("double.png");

        RgbImage larger = upscalers.enlarge("double", small, 500, 360, new CancelToken());

        assertThat(decibels(larger, whole), is(greaterThanOrEqualTo(SAME_IMAGE_DECIBELS)));
        assertThat(OnnxRuntime.openHandles(), is(before));
    }

    @Test
    void otherSizesAreMadeFromTheNextLargerOne() throws IOException {
        RgbImage small = read("small.png");

        RgbImage three = upscalers.enlarge("double", small, 750, 540, new CancelToken());
        assertThat(three.width(), is(750));
        assertThat(three.height(), is(540));

        RgbImage less = upscalers.enlarge("double", small, 125, 90, new CancelToken());
        assertThat(
                less.rgb(),
                is(upscalers
                        .enlarge("Lanczos", small, 125, 90, new CancelToken())
                        .rgb()));
    }

    @Test
    void networksAreFilesOrFolders() throws IOException {
        Files.createDirectory(folder.resolve("in-a-folder"));
        Files.copy(folder.resolve("double.onnx"), folder.resolve("in-a-folder").resolve("model.onnx"));
        Files.createDirectory(folder.resolve("empty"));
        Files.writeString(folder.resolve("notes.txt"), "no network");

        assertThat(upscalers.networks(), contains("double", "in-a-folder"));
        assertThat(new Upscalers(folder.resolve("missing"), RuntimeOptions.defaults()).networks(), is(empty()));
    }

    @Test
    void whatWouldBeTooLargeIsRefused() {
        RgbImage large = new RgbImage(2048, 1024, new byte[3 * 2048 * 1024]);

        InferenceException refusal = assertThrows(
                InferenceException.class, () -> upscalers.enlarge("double", large, 2049, 1025, new CancelToken()));

        assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
        assertThat(refusal.getMessage(), containsString("at most 4194304 pixels"));
        assertThat(refusal.getMessage(), containsString("4096 x 2048"));
    }

    @Test
    void aNetworkThatMakesNoLargerImageIsRefused() throws IOException {
        Files.copy(TinyBundle.resource("networks/frozen_batch.onnx"), folder.resolve("other.onnx"));
        Files.writeString(folder.resolve("damaged.onnx"), "no network");
        RgbImage image = new RgbImage(2, 2, new byte[12]);
        for (String name : new String[] {"other", "damaged"}) {
            InferenceException refusal = assertThrows(
                    InferenceException.class, () -> upscalers.enlarge(name, image, 4, 4, new CancelToken()));

            assertThat(refusal.code(), is(InferenceException.Code.INVALID_BUNDLE));
            assertThat(refusal.getMessage(), containsString(name));
        }
    }

    @Test
    void aCancelledOneEnds() throws IOException {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        RgbImage small = read("small.png");

        InferenceException end =
                assertThrows(InferenceException.class, () -> upscalers.enlarge("double", small, 500, 360, cancel));

        assertThat(end.code(), is(InferenceException.Code.CANCELLED));
    }

    private static RgbImage read(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource("goldens/upscaler/" + name)), "image")
                .image();
    }

    private static double decibels(RgbImage one, RgbImage other) {
        double sum = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            double difference = (one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff);
            sum += difference * difference;
        }
        return 10 * Math.log10(255.0 * 255 * one.rgb().length / Math.max(sum, 1e-9));
    }
}
