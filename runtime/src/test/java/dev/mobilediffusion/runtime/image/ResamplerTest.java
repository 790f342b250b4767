package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.sameInstance;

import dev.mobilediffusion.runtime.GeneratedImage;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.StageTimings;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ResamplerTest {

    @Test
    void leavesAnImageOfTheRightSizeAlone() {
        GeneratedImage image = gradient(32, 16);

        assertThat(Resampler.resample(image, 32, 16), sameInstance(image));
    }

    @Test
    void keepsAPlainColour() {
        byte[] rgb = new byte[20 * 20 * 3];
        Arrays.fill(rgb, (byte) 200);

        GeneratedImage scaled = Resampler.resample(image(20, 20, rgb), 47, 16);

        assertThat(scaled.width(), is(47));
        assertThat(scaled.height(), is(16));
        for (byte value : scaled.rgb()) {
            assertThat(value, is((byte) 200));
        }
    }

    @Test
    void cutsTheMiddleOutRatherThanToStretchIt() {
        GeneratedImage cut = Resampler.resample(gradient(64, 32), 32, 32);

        // Columns 16 to 47 of 64, at their own size
        assertThat(cut.rgb()[16 * 32 * 3] & 0xff, is(16 * 3));
        assertThat(cut.rgb()[(16 * 32 + 31) * 3] & 0xff, is(47 * 3));
    }

    @Test
    void keepsAGradientWithinTwoLevelsAwayFromTheEdges() {
        GeneratedImage scaled = Resampler.resample(gradient(64, 16), 128, 32);

        for (int y = 4; y < 28; y++) {
            for (int x = 12; x < 116; x++) {
                double expected = ((x + 0.5) / 2 - 0.5) * 3;
                int actual = scaled.rgb()[(y * 128 + x) * 3] & 0xff;
                assertThat(Math.abs(actual - expected), lessThan(2.0));
            }
        }
    }

    /** Channel 0 is 3 x. */
    private static GeneratedImage gradient(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            rgb[i * 3] = (byte) (i % width * 3);
        }
        return image(width, height, rgb);
    }

    private static GeneratedImage image(int width, int height, byte[] rgb) {
        return new GeneratedImage(width, height, rgb, ImageRequest.of("x", 1), StageTimings.NONE, List.of());
    }
}
