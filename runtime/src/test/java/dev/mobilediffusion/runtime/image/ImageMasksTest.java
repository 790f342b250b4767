package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.image.ImageEdit.Fill;
import dev.mobilediffusion.runtime.image.ImageEdit.Options;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which part of an image a mask means, and masks that mean none. */
final class ImageMasksTest extends ImageEditFixture {

    @Test
    void marksByTransparencyToo() {
        byte[] alpha = new byte[SIDE * SIDE];
        Arrays.fill(alpha, (byte) 255);
        alpha[5] = 0;
        ImageFileReader.Read read = new ImageFileReader.Read(noise(SIDE, SIDE), alpha);
        Options sharp = new Options(ResizeMode.JUST_RESIZE, 0, false, 0, Fill.LATENT_NOISE, MaskMarks.TRANSPARENT);

        SourceImage source = ImageEdit.of(read, Optional.empty(), sharp, MODEL).source(1);

        assertThat(source.mask()[5] & 0xff, is(255));
        assertThat((int) source.mask()[6], is(0));
        assertThat(source.content(), is(SourceImage.MaskContent.LATENT_NOISE));
    }

    @Test
    void refusesMasksThatCannotBeMeant() {
        RgbImage image = noise(SIDE, SIDE);

        assertThat(
                refusal(image, grey(16, 16, new byte[256])), is("mask must have the picture's size, 32x32, got 16x16"));
        assertThat(
                refusal(image, grey(SIDE, SIDE, new byte[SIDE * SIDE])),
                is("mask marks nothing: it must be transparent, or white, where the picture is drawn anew"));
        assertThat(
                assertThrows(
                                InferenceException.class,
                                () -> new Options(
                                        ResizeMode.JUST_RESIZE, 65, false, 0, Fill.FILL, MaskMarks.TRANSPARENT))
                        .getMessage(),
                is("mask_blur must be in [0, 64], got 65"));
        assertThat(
                assertThrows(
                                InferenceException.class,
                                () -> new Options(
                                        ResizeMode.JUST_RESIZE, 0, false, 257, Fill.FILL, MaskMarks.TRANSPARENT))
                        .getMessage(),
                is("inpaint_full_res_padding must be in [0, 256], got 257"));
    }

    @Test
    void marksByA1111sCustomWhatIsOpaqueOrWhiteOrTheRest() {
        byte[] alpha = new byte[SIDE * SIDE];
        alpha[5] = (byte) 255;
        ImageFileReader.Read mask = new ImageFileReader.Read(noise(SIDE, SIDE), alpha);

        assertThat(marked(mask, MaskMarks.WHITE, 5), is(255));
        assertThat(marked(mask, MaskMarks.WHITE, 6), is(0));
        assertThat(marked(mask, MaskMarks.BLACK, 5), is(0));
        assertThat(marked(mask, MaskMarks.BLACK, 6), is(255));
        assertThat(marked(mask, MaskMarks.TRANSPARENT, 6), is(255));
        assertThat(marked(grey(SIDE, SIDE, alpha), MaskMarks.BLACK, 6), is(255));
    }

    private static int marked(ImageFileReader.Read mask, MaskMarks marks, int pixel) {
        Options options = new Options(ResizeMode.JUST_RESIZE, 0, false, 0, Fill.ORIGINAL, marks);
        SourceImage source = ImageEdit.of(opaque(noise(SIDE, SIDE)), Optional.of(mask), options, MODEL)
                .source(1);
        return source.mask()[pixel] & 0xff;
    }

    private static String refusal(RgbImage image, ImageFileReader.Read mask) {
        return assertThrows(
                        InferenceException.class,
                        () -> ImageEdit.of(opaque(image), Optional.of(mask), Options.DEFAULT, MODEL))
                .getMessage();
    }
}
