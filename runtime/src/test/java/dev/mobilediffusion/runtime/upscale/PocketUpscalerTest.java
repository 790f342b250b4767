package dev.mobilediffusion.runtime.upscale;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.image.ImageFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The upscaler that is shipped, on the first two of the pictures that the forge measures it by: it has never seen their
 * things.
 */
final class PocketUpscalerTest {

    private static final Path SHIPPED = Path.of("..", "models", "upscalers");
    private static final String NAME = "pocket-x2";
    private static final double LEAST_GAIN_DECIBELS = 2;

    private final Upscalers upscalers = new Upscalers(SHIPPED, RuntimeOptions.defaults());

    @Test
    void doublesPicturesBetterThanLanczos() throws IOException {
        double network = 0;
        double lanczos = 0;
        for (String name : List.of("held-out-0.png", "held-out-1.png")) {
            RgbImage truth = read(name);
            RgbImage half = halved(truth);
            network += squaredError(enlarged(NAME, half, truth), truth);
            lanczos += squaredError(enlarged(Upscalers.LANCZOS, half, truth), truth);
        }
        assertThat(10 * Math.log10(lanczos / network), is(greaterThanOrEqualTo(LEAST_GAIN_DECIBELS)));
    }

    @Test
    void goesToFourTimesTheSizeInTwoPasses() throws IOException {
        RgbImage half = halved(read("held-out-0.png"));

        RgbImage four = upscalers.enlarge(NAME, half, 4 * half.width(), 4 * half.height(), new CancelToken());

        assertThat(four.width(), is(4 * half.width()));
        RgbImage two = enlarged(NAME, half, read("held-out-0.png"));
        assertThat(four.rgb(), is(enlarged(NAME, two, four).rgb()));
    }

    @Test
    void isTheOneThatACheckoutHas() {
        assertThat(upscalers.networks(), contains(NAME));
    }

    private RgbImage enlarged(String name, RgbImage image, RgbImage like) {
        return upscalers.enlarge(name, image, like.width(), like.height(), new CancelToken());
    }

    private static RgbImage read(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource("pictures/" + name)), "image")
                .image();
    }

    /** The mean of each 2 x 2 pixels. */
    private static RgbImage halved(RgbImage image) {
        int width = image.width() / 2;
        int height = image.height() / 2;
        byte[] rgb = new byte[3 * width * height];
        for (int at = 0; at < rgb.length; at++) {
            int channel = at % 3;
            int x = at / 3 % width;
            int y = at / 3 / width;
            int sum = 0;
            for (int corner = 0; corner < 4; corner++) {
                int pixel = (2 * y + corner / 2) * image.width() + 2 * x + corner % 2;
                sum += image.rgb()[3 * pixel + channel] & 0xff;
            }
            rgb[at] = (byte) ((sum + 2) / 4);
        }
        return new RgbImage(width, height, rgb);
    }

    private static double squaredError(RgbImage one, RgbImage other) {
        double sum = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            double difference = (one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff);
            sum += difference * difference;
        }
        return sum;
    }
}
