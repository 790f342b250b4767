package dev.mobilediffusion.runtime.measure;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.diffusion.Denoiser;
import dev.mobilediffusion.runtime.image.VaeDecoder;
import dev.mobilediffusion.runtime.onnx.OperatorProfile;
import dev.mobilediffusion.runtime.text.TextEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Multiplications with an addition that each network of a model needs, counted by running it once.
 *
 * @param textEncoder for one prompt
 * @param unet for one call of one sample
 * @param vaeDecoder for one image
 */
public record ModelCost(long textEncoder, long unet, long vaeDecoder) {

    /** Runs every network of {@code bundle} once, one after the other, unoptimized. */
    public static ModelCost count(ModelBundle bundle, RuntimeOptions options) {
        Path folder = temporaryFolder();
        try {
            RuntimeOptions profiled = options.withProfile(folder);
            int tokens = bundle.tokenizer().maxLength();
            int rows;
            int hiddenSize;
            float[] states;
            try (TextEncoder encoder = TextEncoder.load(bundle, tokens, profiled)) {
                rows = encoder.rows();
                hiddenSize = encoder.hiddenSize();
                states = encoder.encode(new int[tokens], new CancelToken());
            }
            float[] sample;
            try (Denoiser denoiser = Denoiser.load(bundle, rows, hiddenSize, profiled)) {
                sample = new float[denoiser.sampleSize()];
                denoiser.predict(sample, 1, states, new float[sample.length], new CancelToken());
            }
            try (VaeDecoder decoder = VaeDecoder.load(bundle, profiled)) {
                decoder.decode(sample, new CancelToken());
            }
            return new ModelCost(
                    OperatorProfile.multiplyAdds(folder, "text_encoder"),
                    OperatorProfile.multiplyAdds(folder, "unet"),
                    OperatorProfile.multiplyAdds(folder, "vae_decoder"));
        } finally {
            remove(folder);
        }
    }

    static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("mobilediffusion-");
        } catch (IOException failure) {
            throw new InferenceException(
                    InferenceException.Code.INFERENCE_FAILED,
                    "no temporary folder for measuring, set -Djava.io.tmpdir to one with room: " + failure,
                    failure);
        }
    }

    static void remove(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.delete(file);
            }
        } catch (IOException leftForTheSystem) {
            // A temporary folder that stays behind costs nobody an image
            assert leftForTheSystem != null;
        }
    }
}
