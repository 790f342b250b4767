package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What people send, by {@code models/forge/goldens/sent_images.py}: always one scene, exact but for lossy kinds. */
final class ImageFileReaderTest {

    private static final int WIDTH = 24;
    private static final int HEIGHT = 16;

    @ParameterizedTest
    @CsvSource({
        "plain.png, 0",
        "palette.png, 3",
        "plain.jpg, 12",
        "progressive.jpg, 12",
        "lossless.webp, 0",
        "lossy.webp, 40",
        "turned-1.jpg, 16",
        "turned-2.jpg, 16",
        "turned-3.jpg, 16",
        "turned-4.jpg, 16",
        "turned-5.jpg, 16",
        "turned-6.jpg, 16",
        "turned-7.jpg, 16",
        "turned-8.jpg, 16",
        "turned-8.png, 0",
        "turned-8.webp, 0"
    })
    void readsColoursUpright(String name, int tolerance) throws IOException {
        ImageFileReader.Read read = read(name);

        assertThat(read.alpha().length, is(0));
        assertThat(read.image().width(), is(WIDTH));
        assertThat(read.image().height(), is(HEIGHT));
        assertThat(farthest(read.image(), read("plain.png").image()), is(lessThanOrEqualTo(tolerance)));
        assertThat(colour(read("plain.png").image(), 0, HEIGHT - 1), is("ff0000"));
        assertThat(colour(read("plain.png").image(), WIDTH - 1, HEIGHT - 1), is("808080"));
    }

    @ParameterizedTest
    @CsvSource({"grey.png, 0", "grey-16-bit.png, 0", "grey.jpg, 4"})
    void readsGreyAsBrightAsItIs(String name, int tolerance) throws IOException {
        RgbImage grey = read(name).image();

        assertThat(farthest(grey, read("grey.png").image()), is(lessThanOrEqualTo(tolerance)));
        assertThat(colour(read("grey.png").image(), 0, HEIGHT - 1), is("4c4c4c"));
    }

    @Test
    void readsSingleBits() throws IOException {
        RgbImage bits = read("bits.png").image();

        assertThat(colour(bits, 0, HEIGHT - 1), is("ffffff"));
        assertThat(colour(bits, 2 * WIDTH / 3, 0), is("000000"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"transparent.png", "transparent.webp", "grey-alpha.png"})
    void laysTransparencyOverWhiteAndTellsIt(String name) throws IOException {
        ImageFileReader.Read read = read(name);

        assertThat(colour(read.image(), 0, 0), is("ffffff"));
        assertThat((int) read.alpha()[0], is(0));
        assertThat(read.alpha()[WIDTH - 1] & 0xff, is(255));
    }

    @Test
    void refusesWhatIsNone() {
        assertThat(refusal("a cat".getBytes(StandardCharsets.UTF_8)), is("image is no PNG, JPEG or WebP picture"));
        assertThat(refusal(new byte[0]), is("image is no PNG, JPEG or WebP picture"));
        assertThat(
                refusal(new byte[ImageFileReader.MAX_BYTES + 1]),
                is("image must have at most 33554432 bytes, got 33554433"));
    }

    /** A kilobyte for ten thousand million pixels: refused by its header. */
    @Test
    void refusesABombBeforeItsPixels() throws IOException {
        assertThat(refusal(png(100_000, 100_000)), is("image must have 1 to 16777216 pixels, got 100000x100000"));
        byte[] webp = Files.readAllBytes(TinyBundle.resource("pictures/lossless.webp"));
        webp[21] = (byte) 0xff; // 14 bits each of width and height
        webp[22] = (byte) 0xff;
        webp[23] = (byte) 0xff;
        assertThat(refusal(webp), is("image must have 1 to 4194304 pixels, got 16384x1024"));
    }

    /** Readers that take missing bytes for zeros would draw on for seconds. */
    @Test
    void refusesWhatIsCutOff() throws IOException {
        byte[] webp = Files.readAllBytes(TinyBundle.resource("pictures/lossless.webp"));
        webp[21] = (byte) 0xff; // 2048x2048 pixels of 24x16
        webp[22] = (byte) 0xc7;
        webp[23] = (byte) 0xff;
        webp[24] = (byte) ((webp[24] & 0xf0) | 0x01);

        assertThat(refusal(webp), containsString("image is damaged"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.png", "plain.jpg", "lossless.webp", "lossy.webp", "turned-8.webp", "turned-6.jpg"})
    void damagedOnesEndInASentence(String name) throws IOException {
        byte[] file = Files.readAllBytes(TinyBundle.resource("pictures/" + name));
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            byte[] damaged = i % 3 == 0 ? Arrays.copyOf(file, 1 + random.nextInt(file.length - 1)) : file.clone();
            for (int flips = i % 3; flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                ImageFileReader.read(damaged, "image");
            } catch (InferenceException refused) {
                assertThat(refused.code(), is(InferenceException.Code.INVALID_REQUEST));
                assertThat(refused.getMessage(), containsString("image "));
            }
        }
    }

    @Test
    void refusesInksForPrinting() throws IOException {
        byte[] file = Files.readAllBytes(TinyBundle.resource("pictures/cmyk.jpg"));

        assertThat(refusal(file), containsString("must be in RGB or grey"));
    }

    private static ImageFileReader.Read read(String name) throws IOException {
        return ImageFileReader.read(Files.readAllBytes(TinyBundle.resource("pictures/" + name)), "image");
    }

    private static String refusal(byte[] file) {
        InferenceException refusal = assertThrows(InferenceException.class, () -> ImageFileReader.read(file, "image"));
        assertThat(refusal.code(), is(InferenceException.Code.INVALID_REQUEST));
        return refusal.getMessage();
    }

    private static String colour(RgbImage image, int x, int y) {
        int at = 3 * (y * image.width() + x);
        return "%02x%02x%02x".formatted(image.rgb()[at], image.rgb()[at + 1], image.rgb()[at + 2]);
    }

    private static int farthest(RgbImage one, RgbImage other) {
        int farthest = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            farthest = Math.max(farthest, Math.abs((one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff)));
        }
        return farthest;
    }

    /** A header, no pixels. */
    private static byte[] png(int width, int height) throws IOException {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(header);
        out.writeBytes("IHDR");
        out.writeInt(width);
        out.writeInt(height);
        out.write(new byte[] {8, 2, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(header.toByteArray());
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        DataOutputStream whole = new DataOutputStream(file);
        whole.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        whole.writeInt(13);
        whole.write(header.toByteArray());
        whole.writeInt((int) crc.getValue());
        return file.toByteArray();
    }
}
