package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.image.ImageEdit.Fill;
import dev.mobilediffusion.runtime.image.ImageEdit.Options;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Images on their way to a model of 32x32 pixels and back. */
final class ImageEditTest extends ImageEditFixture {

    /** In its only step a model leaves specks of noise in what it half keeps. */
    @ParameterizedTest
    @CsvSource({"1, true, 1", "1, false, 0.8", "4, true, 0.8", "4, false, 0.8"})
    void aMaskedPartIsDrawnWhollyAnewInOneStepUnlessAsked(int steps, boolean masked, double expected) {
        ModelInfo model = new ModelInfo("m", SIDE, SIDE, steps, 1, true, "", 0, List.of(), Map.of(), "", "00");
        byte[] grey = new byte[SIDE * SIDE];
        Arrays.fill(grey, 0, SIDE * SIDE / 2, (byte) 255);
        Optional<ImageFileReader.Read> mask = masked ? Optional.of(grey(SIDE, SIDE, grey)) : Optional.empty();

        ImageEdit edit = ImageEdit.of(opaque(noise(SIDE, SIDE)), mask, Options.DEFAULT, model);

        assertThat(edit.source(OptionalDouble.empty()).strength(), is(expected));
        assertThat(edit.source(OptionalDouble.of(0.3)).strength(), is(0.3));
    }

    @ParameterizedTest
    @CsvSource({"0, false", "3, false", "0, true", "3, true"})
    void holdsEveryPixelThatIsNotMarked(int blur, boolean onlyMasked) {
        RgbImage image = noise(48, 40);
        byte[] mask = new byte[48 * 40];
        for (int y = 16; y < 24; y++) {
            Arrays.fill(mask, y * 48 + 20, y * 48 + 30, (byte) 255);
        }
        Options options =
                new Options(ResizeMode.CROP_AND_RESIZE, blur, onlyMasked, 4, Fill.ORIGINAL, MaskMarks.TRANSPARENT);
        ImageEdit edit = ImageEdit.of(opaque(image), Optional.of(grey(48, 40, mask)), options, MODEL);

        GeneratedImage finished = edit.finish(drawn());

        RgbImage held = onlyMasked ? image : ResizeMode.CROP_AND_RESIZE.fit(image, SIDE, SIDE);
        assertThat(finished.width(), is(onlyMasked ? 48 : SIDE));
        int changed = 0;
        for (int i = 0; i < held.width() * held.height(); i++) {
            int x = i % held.width();
            int y = i / held.width();
            int far = 3 * blur + 2;
            double zoom = onlyMasked ? 1 : 40.0 / SIDE;
            double sourceX = onlyMasked ? x : x * zoom + 4;
            double sourceY = y * zoom;
            boolean outside = sourceX < 20 - far * zoom
                    || sourceX >= 30 + far * zoom
                    || sourceY < 16 - far * zoom
                    || sourceY >= 24 + far * zoom;
            boolean same = Arrays.equals(finished.rgb(), 3 * i, 3 * i + 3, held.rgb(), 3 * i, 3 * i + 3);
            if (outside) {
                assertThat("pixel %s, %s is held".formatted(x, y), same, is(true));
            }
            changed += same ? 0 : 1;
        }
        assertThat(changed, is(greaterThan(40)));
        int middle = onlyMasked ? 20 * 48 + 25 : 16 * SIDE + 17;
        if (blur == 0) {
            assertThat(finished.rgb()[3 * middle + 1], is(GREEN));
        }
    }

    @Test
    void seesThePartAloneAtFullSize() {
        RgbImage image = noise(128, 96);
        byte[] mask = new byte[128 * 96];
        mask[50 * 128 + 70] = (byte) 255;
        Options options = new Options(ResizeMode.JUST_RESIZE, 0, true, 8, Fill.ORIGINAL, MaskMarks.TRANSPARENT);

        SourceImage source = ImageEdit.of(opaque(image), Optional.of(grey(128, 96, mask)), options, MODEL)
                .source(0.5);

        assertThat(source.image().width(), is(SIDE));
        Area area = new Area(70, 50, 1, 1).grown(8, 128, 96, SIDE, SIDE);
        assertThat(area, is(new Area(62, 42, 17, 17)));
        assertThat(
                source.image().rgb(),
                is(Resampler.scale(image, area, SIDE, SIDE).rgb()));
        assertThat(new Area(0, 0, 40, 10).grown(4, 128, 96, SIDE, SIDE), is(new Area(0, 0, 44, 44)));
        assertThat(new Area(100, 90, 28, 6).grown(200, 128, 96, SIDE, SIDE), is(new Area(0, 0, 128, 96)));
    }

    @ParameterizedTest
    @EnumSource(ResizeMode.class)
    void fitsOtherShapes(ResizeMode mode) {
        byte[] rgb = new byte[3 * 80 * 40];
        for (int i = 0; i < 80 * 40; i++) {
            rgb[3 * i] = (byte) (i % 80 < 20 ? 255 : 0); // a red stripe on the left
        }

        RgbImage fitted = mode.fit(new RgbImage(80, 40, rgb), SIDE, SIDE);

        int red = 0;
        for (int x = 0; x < SIDE; x++) {
            red += (fitted.rgb()[3 * (16 * SIDE + x)] & 0xff) > 127 ? 1 : 0;
        }
        assertThat(red, is(mode == ResizeMode.CROP_AND_RESIZE ? 0 : 8));
    }

    @Test
    void fillsWithTheColoursAround() {
        RgbImage image = noise(SIDE, SIDE);
        for (int i = 0; i < image.rgb().length; i++) {
            image.rgb()[i] = (byte) (i / 3 / SIDE < 8 ? 250 : 10);
        }
        byte[] mask = new byte[SIDE * SIDE];
        Arrays.fill(mask, 20 * SIDE, 28 * SIDE, (byte) 255);
        Arrays.fill(image.rgb(), 3 * 20 * SIDE, 3 * 28 * SIDE, (byte) 250);

        RgbImage filled = MaskFill.fill(image, new Mask(SIDE, SIDE, mask));

        assertThat(filled.rgb()[3 * 24 * SIDE] & 0xff, is(lessThan(90)));
        assertThat(filled.rgb()[3 * 2 * SIDE] & 0xff, is(250));
    }

    @Test
    void givesTheSizeThatWasAskedForWithEveryHeldPixel() {
        RgbImage image = noise(64, 48);
        byte[] mask = new byte[64 * 48];
        mask[24 * 64 + 32] = (byte) 255;
        Options options = new Options(ResizeMode.JUST_RESIZE, 0, false, 0, Fill.ORIGINAL, MaskMarks.TRANSPARENT);
        ImageEdit edit = ImageEdit.of(opaque(image), Optional.of(grey(64, 48, mask)), options, MODEL, 64, 48);

        GeneratedImage finished = edit.finish(drawn());

        assertThat(edit.source(1).image().width(), is(SIDE));
        assertThat(finished.width(), is(64));
        assertThat(finished.height(), is(48));
        for (int i = 0; i < mask.length; i++) {
            if (mask[i] == 0) {
                assertThat(finished.rgb()[3 * i], is(image.rgb()[3 * i]));
            }
        }
        assertThat(finished.rgb()[3 * (24 * 64 + 32) + 1], is(GREEN));
    }
}
