package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class TensorSpecTest {

    @Test
    void tellsAnOutputsLengthsByTheNamesOfTheInputs() {
        Map<String, Long> lengths = new HashMap<>();
        spec(new long[] {-1, 8, -1, 64}, "batch", "", "rows", "").nameLengths(new long[] {2, 8, 28, 64}, lengths);

        assertThat(
                spec(new long[] {-1, 3, -1, 512}, "batch", "", "8 * rows", "")
                        .resolve(lengths)
                        .orElseThrow(),
                is(new long[] {2, 3, 224, 512}));
        assertThat(spec(new long[] {-1, 3}, "batch", "").resolve(lengths).orElseThrow(), is(new long[] {2, 3}));
    }

    @Test
    void doesNotGuessALengthThatNoInputTells() {
        Map<String, Long> lengths = Map.of("height", 64L);
        for (String name : List.of("", "unk__1", "height + 1", "8 * rows", "height * width")) {
            assertThat(spec(new long[] {-1}, name).resolve(lengths), is(Optional.empty()));
        }
    }

    private static TensorSpec spec(long[] shape, String... names) {
        return new TensorSpec("t", ElementType.FLOAT32, shape, List.of(names));
    }
}
