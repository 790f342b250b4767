package dev.mobilediffusion.runtime.pipeline;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.both;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.ProgressListener;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.TextToImage;
import dev.mobilediffusion.runtime.TinyBundle;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.NetworkSummary;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A bundle whose networks compute with integers ({@code models/forge/goldens/quantized_bundle.py}). */
final class QuantizedBundleTest {

    private final Map<String, NetworkSummary> source = networks(TinyBundle.FLOW);
    private final Map<String, NetworkSummary> quantized = networks(TinyBundle.FLOW_ON_INTEGERS);

    @Test
    void drawsNearlyWhatItsSourceDraws() {
        ImageRequest request =
                ImageRequest.of("a red house by the sea at sunset", 7).withSteps(4);

        double decibels =
                Decibels.peakSignalToNoise(draw(TinyBundle.FLOW, request), draw(TinyBundle.FLOW_ON_INTEGERS, request));

        assertThat(decibels, is(both(greaterThan(22.0)).and(lessThan(45.0))));
    }

    @Test
    void tellsThatItsWeightsAreIntegers() {
        for (String network : List.of("unet", "vae_decoder")) {
            assertThat(quantized.get(network).precision(), startsWith("int8, "));
            assertThat(
                    quantized.get(network).bytes(),
                    is(lessThan(source.get(network).bytes() / 2)));
        }
        assertThat(
                "most of its weights are embeddings, which stay floats",
                quantized.get("text_encoder").precision(),
                startsWith("float16, int8"));
    }

    @Test
    void countsTheSameWeightsAsItsSourceHas() {
        source.forEach((network, summary) ->
                assertThat(network, quantized.get(network).parameters(), is(summary.parameters())));
    }

    private static Map<String, NetworkSummary> networks(String bundle) {
        return ModelBundle.open(TinyBundle.folder(bundle)).networks();
    }

    private static byte[] draw(String bundle, ImageRequest request) {
        try (TextToImage model = TextToImagePipeline.load(TinyBundle.folder(bundle), RuntimeOptions.defaults())) {
            return model.generate(request, ProgressListener.NONE, new CancelToken())
                    .rgb();
        }
    }
}
