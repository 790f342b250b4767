package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import dev.mobilediffusion.runtime.image.Bands.Band;
import org.junit.jupiter.api.Test;

final class BandsTest {

    @Test
    void cutsPocketsLatentsInThree() {
        assertThat(
                Bands.overlapping(64, 5).bands(),
                contains(new Band(0, 0, 23), new Band(18, 23, 41), new Band(36, 41, 64)));
    }

    @Test
    void everyRowIsKeptOnceAndFarFromACut() {
        for (int height = 1; height <= 160; height++) {
            for (int receptive = 0; receptive <= 12; receptive++) {
                Bands bands = Bands.overlapping(height, receptive);
                int next = 0;
                for (Band band : bands.bands()) {
                    assertThat(band.from(), is(next));
                    next = band.to();
                    int last = band.first() + bands.rows();
                    assertThat(last, is(lessThanOrEqualTo(height)));
                    if (band.first() > 0) {
                        assertThat(band.from() - band.first(), is(greaterThanOrEqualTo(receptive)));
                    }
                    if (last < height) {
                        assertThat(last - band.to(), is(greaterThanOrEqualTo(receptive)));
                    }
                }
                assertThat(next, is(height));
            }
        }
    }

    @Test
    void leavesWholeWhatACutWouldNotMakeSmaller() {
        assertThat(Bands.overlapping(8, 5), is(Bands.whole(8)));
        assertThat(Bands.overlapping(64, 0).rows(), is(lessThan(23)));
    }
}
