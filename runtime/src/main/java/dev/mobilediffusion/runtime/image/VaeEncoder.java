package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.VaeConfig;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * The VAE's encoder: pixels in, latents out. Exporters give either the latents themselves or mean and log-variance of
 * their distribution, in twice the channels, which is then drawn from as diffusers does. What it made of the last image
 * it still knows. Owns its network and buffers; for one thread at a time.
 */
public final class VaeEncoder implements AutoCloseable {

    private static final int COLOURS = 3;

    /** What diffusers holds the logarithm of the variance within. */
    private static final float MIN_LOG_VARIANCE = -30;

    private static final float MAX_LOG_VARIANCE = 20;

    private final OnnxModel model;
    private final VaeConfig config;
    private final int width;
    private final int height;
    private final boolean distribution; // mean and log-variance, else latents
    private final TensorBuffer pixels; // (1, 3, H, W) in [-1, 1]
    private final TensorBuffer output; // (1, C or 2 C, H/f, W/f)
    private final OnnxModel.Binding binding;
    private byte[] encoded = new byte[0]; // (H, W, 3) of the image that the output is of; empty for none

    private VaeEncoder(OnnxModel model, ModelBundle bundle) {
        this.model = model;
        this.config = bundle.vaeDecoder();
        this.width = bundle.width();
        this.height = bundle.height();
        if (model.inputs().size() != 1) {
            throw invalid("must have one input, the pixels; found %s", model.inputs());
        }
        pixels = model.allocate(model.inputs().get(0), 1, COLOURS, height, width);
        try {
            TensorSpec spec = model.outputs().get(0);
            long[] found = model.outputShapes(List.of(pixels), List.of(spec)).getFirst();
            int channels = config.latentChannels();
            boolean fits = found.length == 4
                    && found[0] == 1
                    && (found[1] == channels || found[1] == 2L * channels)
                    && found[2] == height / config.scaleFactor()
                    && found[3] == width / config.scaleFactor();
            if (!fits) {
                throw invalid(
                        "%s must have shape [1, %d or %d, %d, %d] by the configs, found %s",
                        spec.name(),
                        channels,
                        2 * channels,
                        height / config.scaleFactor(),
                        width / config.scaleFactor(),
                        Arrays.toString(found));
            }
            distribution = found[1] == 2L * channels;
            output = model.allocate(spec, found);
        } catch (RuntimeException failure) {
            pixels.close();
            throw failure;
        }
        binding = model.bind(List.of(pixels), List.of(output));
        model.rest();
    }

    /**
     * The encoder of a bundle.
     *
     * @throws InferenceException with code INVALID_REQUEST when the bundle has none
     */
    public static VaeEncoder load(ModelBundle bundle, RuntimeOptions options) {
        Path file = bundle.vaeEncoderModel()
                .orElseThrow(() -> InferenceException.invalid(
                        "image",
                        "the model %s draws from words alone: it has no vae_encoder/ to read a picture with",
                        bundle.name()));
        OnnxModel model = OnnxModel.open(file, "vae_encoder", options, false);
        try {
            return new VaeEncoder(model, bundle);
        } catch (RuntimeException failure) {
            model.close();
            throw failure;
        }
    }

    /**
     * @param image of the model's native size
     * @param noise gives so many standard normal numbers, where the latents are drawn from a distribution
     * @return (C, H/f, W/f) latents as the denoise loop has them; the caller's own
     */
    public float[] encode(RgbImage image, IntFunction<float[]> noise, CancelToken cancel) {
        if (image.width() != width || image.height() != height) {
            throw new IllegalArgumentException("the picture must have %sx%s pixels, got %sx%s"
                    .formatted(width, height, image.width(), image.height()));
        }
        try {
            if (!Arrays.equals(encoded, image.rgb())) { // as with a job's images, or one picture and many prompts
                encoded = new byte[0];
                separate(image.rgb());
                binding.run(cancel);
                encoded = image.rgb().clone();
            }
            float[] values = new float[output.size()];
            output.read(0, values);
            return scaled(distribution ? drawn(values, noise.apply(values.length / 2)) : values);
        } finally {
            model.rest();
        }
    }

    /** Whether {@link #encode} asks for noise. */
    public boolean drawsNoise() {
        return distribution;
    }

    /** Bytes in [0, 255] to planes in [-1, 1]. */
    private void separate(byte[] rgb) {
        float[] row = new float[width];
        for (int colour = 0; colour < COLOURS; colour++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    row[x] = (rgb[(y * width + x) * COLOURS + colour] & 0xff) / 255f * 2 - 1;
                }
                pixels.put((colour * height + y) * width, row);
            }
        }
    }

    private static float[] drawn(float[] parameters, float[] noise) {
        float[] latents = new float[parameters.length / 2];
        for (int i = 0; i < latents.length; i++) {
            float logVariance = Math.clamp(parameters[latents.length + i], MIN_LOG_VARIANCE, MAX_LOG_VARIANCE);
            latents[i] = parameters[i] + (float) Math.exp(0.5f * logVariance) * noise[i];
        }
        return latents;
    }

    /** The inverse of what the decoder does first. */
    private float[] scaled(float[] latents) {
        int perChannel = latents.length / config.latentChannels();
        for (int i = 0; i < latents.length; i++) {
            int channel = i / perChannel;
            float std = config.latentsStd().length == 0 ? 1 : config.latentsStd()[channel];
            float mean = config.latentsMean().length == 0 ? 0 : config.latentsMean()[channel];
            latents[i] = (latents[i] - mean - config.shiftFactor()) * config.scalingFactor() / std;
        }
        return latents;
    }

    private InferenceException invalid(String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE, model.name() + ": " + String.format(Locale.ROOT, format, args));
    }

    @Override
    public void close() {
        output.close();
        pixels.close();
        model.close();
    }
}
