package dev.mobilediffusion.runtime.bundle;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import dev.mobilediffusion.runtime.TinyBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counts against those of the onnx package. */
final class NetworkSummaryTest {

    @Test
    void countsWeightsInTheGraphAndInConstants() {
        NetworkSummary unet =
                ModelBundle.open(TinyBundle.folder(TinyBundle.FLOW)).networks().get("unet");

        assertThat(unet.elements(), is(Map.of("float32", 64_544L + 212)));
        assertThat(unet.parameters(), is(64_756L));
        assertThat(unet.bytes(), is(64_756L * 4));
        assertThat(unet.operators(), is(872));
        assertThat(unet.className(), is("UNet2DConditionModel"));
        assertThat(unet.precision(), is("float32"));
    }

    @Test
    void countsWeightsThatLieOutsideOfTheFile() {
        NetworkSummary unet =
                ModelBundle.open(TinyBundle.folder(TinyBundle.LCM)).networks().get("unet");

        assertThat(unet.elements(), is(Map.of("float16", 64_220L + 196, "float32", 16L)));
        assertThat(unet.bytes(), is(64_416L * 2 + 64));
        assertThat(unet.precision(), is("float16"));
    }

    @Test
    void namesAFileThatIsCutOff(@TempDir Path folder) throws IOException {
        Path bundle = TinyBundle.copy(TinyBundle.STABLE_DIFFUSION, folder);
        Path network = bundle.resolve("vae_decoder/model.onnx");
        byte[] bytes = Files.readAllBytes(network);
        for (int length : new int[] {1, 2, 100, bytes.length / 2, bytes.length - 1}) {
            Files.write(network, Arrays.copyOf(bytes, length));

            InferenceException refusal = assertThrows(
                    InferenceException.class, () -> ModelBundle.open(bundle).networks());

            assertThat(refusal.getMessage(), containsString("vae_decoder/model.onnx is truncated or not ONNX"));
        }
    }

    @Test
    void estimatesAllNetworksForSpeedAndTheLargestStageWhenSmall() {
        ModelBundle bundle = ModelBundle.open(TinyBundle.folder(TinyBundle.FLOW));
        long layers = 4L * 4 * 64 * 64 * Float.BYTES; // four times the decoder's second width, at the image's size
        Map<String, NetworkSummary> networks = bundle.networks();
        long weights =
                networks.values().stream().mapToLong(NetworkSummary::bytes).sum();

        assertThat(bundle.memoryEstimate(MemoryProfile.SPEED), is((long) (weights * 1.3) + layers));
        assertThat(
                bundle.memoryEstimate(MemoryProfile.SMALL),
                is(Math.max(
                        networks.get("unet").bytes(),
                        networks.get("vae_decoder").bytes() + layers)));
    }

    @Test
    void estimatesABandOfADecoderThatDecodesInBands(@TempDir Path folder) {
        Path bundle = TinyBundle.copy(TinyBundle.FLOW, folder);
        TinyBundle.change(bundle.resolve("vae_decoder/config.json"), "{'receptive_rows': 0}");
        ModelBundle inBands = ModelBundle.open(bundle);
        long layers = 4L * 4 * 64 * (3 * 8) * Float.BYTES; // three of the eight rows of latents

        assertThat(
                inBands.memoryEstimate(MemoryProfile.SMALL),
                is(Math.max(
                        inBands.networks().get("unet").bytes(),
                        inBands.networks().get("vae_decoder").bytes() + layers)));
    }

    @Test
    void halfPrecisionWeightsTakeTheirSinglePrecisionSizeInMemory() {
        ModelBundle bundle = ModelBundle.open(TinyBundle.folder(TinyBundle.LCM));

        assertThat(
                bundle.memoryEstimate(MemoryProfile.SPEED),
                is(greaterThan(bundle.networks().values().stream()
                        .mapToLong(network -> network.parameters() * Float.BYTES)
                        .sum())));
    }
}
