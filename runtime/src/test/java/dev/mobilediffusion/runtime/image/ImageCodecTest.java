package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.StageTimings;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

final class ImageCodecTest {

    private static final int QUALITY = ImageCodec.DEFAULT_QUALITY;

    @ParameterizedTest
    @CsvSource({"1,1", "1,7", "7,1", "64,64", "33,17"})
    void pngKeepsEveryPixel(int width, int height) throws IOException {
        GeneratedImage noisy = noise(width, height);
        GeneratedImage smooth = gradient(width, height);

        assertThat(decoded(ImageCodec.encode(noisy, ImageFormat.PNG, QUALITY, "")), is(noisy.rgb()));
        assertThat(decoded(ImageCodec.encode(smooth, ImageFormat.PNG, QUALITY, "text")), is(smooth.rgb()));
    }

    /** Several bands, long and short runs, rare and frequent bytes. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void pngKeepsEveryPixelOfAnyKindOfImage(int kind) throws IOException {
        Random random = new Random(kind);
        for (int round = 0; round < 50; round++) {
            int width = 1 + random.nextInt(90);
            int height = 1 + random.nextInt(200);
            byte[] rgb = new byte[width * height * 3];
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = switch (kind) {
                    case 0 -> (byte) (random.nextInt(60) == 0 ? random.nextInt() : 0);
                    case 1 -> (byte) Math.min(255, Math.abs(random.nextGaussian() * round));
                    case 2 -> (byte) (i < rgb.length / 2 ? 9 : Math.pow(2, random.nextDouble() * 8));
                    default -> (byte) (i % (3 * (1 + round)));
                };
            }
            GeneratedImage image = image(width, height, rgb);

            assertThat(decoded(ImageCodec.encode(image, ImageFormat.PNG, QUALITY, "")), is(rgb));
        }
    }

    @Test
    void pngOfASmoothImageIsSmall() {
        assertThat(ImageCodec.encode(gradient(512, 512), ImageFormat.PNG, QUALITY, "").length, is(lessThan(20_000)));
    }

    @Test
    void sameImageGivesTheSameBytes() {
        for (ImageFormat format : ImageFormat.values()) {
            assertThat(
                    ImageCodec.encode(gradient(64, 64), format, QUALITY, "a"),
                    is(ImageCodec.encode(gradient(64, 64), format, QUALITY, "a")));
        }
    }

    @Test
    void pngCarriesTheInfotextInATextChunk() throws IOException {
        byte[] png = ImageCodec.encode(gradient(8, 8), ImageFormat.PNG, QUALITY, "a café\nSteps: 4, Seed: 7");

        assertThat(textEntry(png, "tEXt"), is(Optional.of("a café\nSteps: 4, Seed: 7")));
    }

    @Test
    void pngCarriesAnInfotextBeyondLatin1InAnInternationalTextChunk() throws IOException {
        byte[] png = ImageCodec.encode(gradient(8, 8), ImageFormat.PNG, QUALITY, "一只猫 😀\nSteps: 4");

        assertThat(textEntry(png, "tEXt"), is(Optional.empty()));
        assertThat(textEntry(png, "iTXt"), is(Optional.of("一只猫 😀\nSteps: 4")));
    }

    @Test
    void jpegIsCloseToTheImageAndSmallerAtLowerQuality() throws IOException {
        GeneratedImage image = gradient(64, 64);
        byte[] fine = ImageCodec.encode(image, ImageFormat.JPEG, 95, "");

        byte[] pixels = decoded(fine);
        long difference = 0;
        for (int i = 0; i < pixels.length; i++) {
            difference += Math.abs((pixels[i] & 0xff) - (image.rgb()[i] & 0xff));
        }
        assertThat((double) difference / pixels.length, is(lessThan(3.0)));
        assertThat(
                ImageCodec.encode(noise(64, 64), ImageFormat.JPEG, 20, "").length,
                is(lessThan(ImageCodec.encode(noise(64, 64), ImageFormat.JPEG, 95, "").length)));
    }

    @Test
    void jpegCarriesTheInfotextAsExifUserComment() throws IOException {
        byte[] jpeg = ImageCodec.encode(gradient(8, 8), ImageFormat.JPEG, QUALITY, "a cat 😀\nSteps: 4");
        String latin1 = new String(jpeg, StandardCharsets.ISO_8859_1);

        assertThat(latin1, containsString("Exif\0\0MM\0*"));
        assertThat(latin1, containsString("UNICODE\0" + asLatin1("a cat 😀\nSteps: 4", StandardCharsets.UTF_16BE)));
        assertThat(decoded(jpeg).length, is(8 * 8 * 3));
        assertThat(
                new String(
                        ImageCodec.encode(gradient(8, 8), ImageFormat.JPEG, QUALITY, ""), StandardCharsets.ISO_8859_1),
                not(containsString("Exif")));
    }

    @Test
    void jpegCutsAnInfotextThatASegmentCannotHold() throws IOException {
        byte[] jpeg = ImageCodec.encode(gradient(8, 8), ImageFormat.JPEG, QUALITY, "x".repeat(100_000));

        assertThat(decoded(jpeg).length, is(8 * 8 * 3));
    }

    @Test
    void webpIsCloseToTheImageAndSmallerAtLowerQuality() throws IOException {
        GeneratedImage image = gradient(64, 64);

        byte[] pixels = decoded(ImageCodec.encode(image, ImageFormat.WEBP, 95, ""));
        long difference = 0;
        for (int i = 0; i < pixels.length; i++) {
            difference += Math.abs((pixels[i] & 0xff) - (image.rgb()[i] & 0xff));
        }
        assertThat((double) difference / pixels.length, is(lessThan(3.0)));
        assertThat(
                ImageCodec.encode(noise(64, 64), ImageFormat.WEBP, 20, "").length,
                is(lessThan(ImageCodec.encode(noise(64, 64), ImageFormat.WEBP, 95, "").length)));
    }

    @Test
    void webpCarriesTheInfotextAsExifUserComment() throws IOException {
        for (String text : List.of("a cat 😀\nSteps: 4", "x".repeat(100_000))) {
            byte[] webp = ImageCodec.encode(gradient(9, 7), ImageFormat.WEBP, QUALITY, text);

            assertThat(decoded(webp).length, is(9 * 7 * 3));
            assertThat(
                    new String(webp, StandardCharsets.ISO_8859_1),
                    containsString("UNICODE\0" + asLatin1(text.substring(0, 8), StandardCharsets.UTF_16BE)));
        }
    }

    @Test
    void everyFormatIsAvailableHere() {
        for (ImageFormat format : ImageFormat.values()) {
            assertThat(format.label(), format.isAvailable(), is(true));
        }
    }

    @Test
    void refusesAQualityOutOfRange() {
        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class, () -> ImageCodec.encode(gradient(8, 8), ImageFormat.JPEG, 101, ""));

        assertThat(refusal.getMessage(), is("quality must be in [1, 100], got 101"));
    }

    @ParameterizedTest
    @CsvSource({"png,PNG", "PNG,PNG", "jpeg,JPEG", "jpg,JPEG", "webp,WEBP"})
    void knowsFormatsByName(String name, ImageFormat format) {
        assertThat(ImageFormat.of(name), is(Optional.of(format)));
    }

    @Test
    void knowsNoOtherFormat() {
        assertThat(ImageFormat.of("bmp"), is(Optional.empty()));
    }

    private static GeneratedImage image(int width, int height, byte[] rgb) {
        return new GeneratedImage(width, height, rgb, ImageRequest.of("a cat", 7), StageTimings.NONE, List.of());
    }

    private static GeneratedImage noise(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        new Random(1).nextBytes(rgb);
        return image(width, height, rgb);
    }

    private static GeneratedImage gradient(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            rgb[3 * i] = (byte) (255 * (i % width) / width);
            rgb[3 * i + 1] = (byte) (255 * (i / width) / height);
            rgb[3 * i + 2] = (byte) 80;
        }
        return image(width, height, rgb);
    }

    private static byte[] decoded(byte[] file) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
        for (int i = 0; i < rgb.length; i++) {
            int pixel = i / 3;
            rgb[i] = (byte) (image.getRGB(pixel % image.getWidth(), pixel / image.getWidth()) >> (16 - 8 * (i % 3)));
        }
        return rgb;
    }

    /** The value of the PNG's first text entry of that kind, whose keyword must be "parameters". */
    private static Optional<String> textEntry(byte[] png, String kind) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        try (ImageInputStream stream = ImageIO.createImageInputStream(new ByteArrayInputStream(png))) {
            reader.setInput(stream);
            IIOMetadata metadata = reader.getImageMetadata(0);
            for (Node node = metadata.getAsTree(metadata.getNativeMetadataFormatName())
                            .getFirstChild();
                    node != null;
                    node = node.getNextSibling()) {
                if (node.getNodeName().equals(kind)) {
                    Element entry = (Element) node.getFirstChild();
                    assertThat(entry.getAttribute("keyword"), is("parameters"));
                    return Optional.of(entry.getAttribute(kind.equals("tEXt") ? "value" : "text"));
                }
            }
            return Optional.empty();
        } finally {
            reader.dispose();
        }
    }

    private static String asLatin1(String text, Charset charset) {
        return new String(text.getBytes(charset), StandardCharsets.ISO_8859_1);
    }
}
