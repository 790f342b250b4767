package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Soft edges of masks. */
final class MaskTest {

    private static final int WIDTH = 37;
    private static final int HEIGHT = 29;

    /** Against the means as they are defined, over the whole image. */
    @ParameterizedTest
    @CsvSource({"1, 0, 0, 37, 29", "2, 5, 6, 9, 3", "4, 0, 20, 3, 9", "3, 36, 28, 1, 1", "64, 10, 10, 4, 4"})
    void anEdgeIsThreeMeansOverASquare(int blur, int left, int top, int width, int height) {
        byte[] share = new byte[WIDTH * HEIGHT];
        Random random = new Random(blur);
        for (int y = top; y < top + height; y++) {
            for (int x = left; x < left + width; x++) {
                share[y * WIDTH + x] = (byte) (random.nextInt(4) == 0 ? 0 : 255);
            }
        }
        share[top * WIDTH + left] = (byte) 255;

        byte[] soft = new Mask(WIDTH, HEIGHT, share).blurred(blur).share();

        double[] expected = new double[share.length];
        for (int i = 0; i < share.length; i++) {
            expected[i] = share[i] & 0xff;
        }
        for (int pass = 0; pass < 3; pass++) {
            expected = means(expected, blur);
        }
        for (int i = 0; i < soft.length; i++) {
            assertThat("pixel " + i, Math.abs((soft[i] & 0xff) - expected[i]), is(lessThanOrEqualTo(0.501)));
        }
    }

    /** Of a few pixels scaling may leave none. */
    @Test
    void whereNothingIsMarkedNothingIsSoft() {
        byte[] nothing = new byte[WIDTH * HEIGHT];

        assertThat(new Mask(WIDTH, HEIGHT, nothing).blurred(4).share(), is(nothing));
    }

    private static double[] means(double[] values, int radius) {
        double[] means = new double[values.length];
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                double sum = 0;
                int count = 0;
                for (int v = Math.max(0, y - radius); v < Math.min(HEIGHT, y + radius + 1); v++) {
                    for (int u = Math.max(0, x - radius); u < Math.min(WIDTH, x + radius + 1); u++) {
                        sum += values[v * WIDTH + u];
                        count++;
                    }
                }
                means[y * WIDTH + x] = sum / count;
            }
        }
        return means;
    }
}
