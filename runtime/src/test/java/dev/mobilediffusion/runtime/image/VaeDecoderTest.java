package dev.mobilediffusion.runtime.image;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.GraphFolder;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.GaussianNoise;
import dev.mobilediffusion.runtime.onnx.OnnxRuntime;
import java.nio.file.Path;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class VaeDecoderTest {

    private static final RuntimeOptions SMALL = RuntimeOptions.defaults().withMemory(MemoryProfile.SMALL);

    private static final Path POCKET = Path.of("..", "models", "pocket");

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 33, 64, 96})
    void bandsGiveTheWholeImageOfPocket(int latentHeight) {
        ModelBundle pocket = ModelBundle.open(POCKET);
        float[] latents = noise(8 * latentHeight * 64);

        byte[] whole = decode(pocket, latentHeight, latents, false);
        byte[] inBands = decode(pocket, latentHeight, latents, true);

        assertThat(whole.length, is(3 * 8 * latentHeight * 512));
        assertThat("difference of one byte", largestDifference(inBands, whole), is(lessThanOrEqualTo(1)));
    }

    @Test
    void aDecoderWithNormsIsNeverCut() {
        ModelBundle bundle = ModelBundle.open(TinyBundle.folder(TinyBundle.STABLE_DIFFUSION));
        float[] latents = noise(4 * 8 * 8);

        byte[] small;
        try (VaeDecoder decoder = VaeDecoder.load(bundle, SMALL)) {
            small = decoder.decode(latents, new CancelToken());
        }

        assertThat(bundle.vaeDecoder().receptiveRows().isPresent(), is(false));
        try (VaeDecoder decoder = VaeDecoder.load(bundle, 8, 8, SMALL, false)) {
            assertThat(small, is(decoder.decode(latents, new CancelToken())));
        }
    }

    @Test
    void restsAlsoWhenItWasCancelled(@TempDir Path graphs) {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        long before = OnnxRuntime.openSessions();
        try (VaeDecoder decoder =
                VaeDecoder.load(ModelBundle.open(POCKET), SMALL.withGraphs(new GraphFolder(graphs, "")))) {
            Assertions.assertThrows(InferenceException.class, () -> decoder.decode(noise(8 * 64 * 64), cancel));

            assertThat(OnnxRuntime.openSessions(), is(before));
        }
    }

    private static byte[] decode(ModelBundle bundle, int latentHeight, float[] latents, boolean inBands) {
        try (VaeDecoder decoder = VaeDecoder.load(bundle, latentHeight, 64, SMALL, inBands)) {
            return decoder.decode(latents, new CancelToken());
        }
    }

    private static float[] noise(int size) {
        float[] latents = new float[size];
        GaussianNoise.seeded(7).fill(latents);
        return latents;
    }

    private static int largestDifference(byte[] one, byte[] other) {
        int largest = 0;
        for (int i = 0; i < one.length; i++) {
            largest = Math.max(largest, Math.abs((one[i] & 0xff) - (other[i] & 0xff)));
        }
        return largest;
    }
}
