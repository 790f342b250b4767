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
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * The VAE's encoder: pixels in, latents out. Exporters give either the latents themselves or mean and log-variance of
 * their distribution, in twice the channels, which is then drawn from as diffusers does. What it made of the last images
 * it still knows. Owns its network and buffers; for one thread at a time.
 */
public final class VaeEncoder implements AutoCloseable {

    private static final int COLOURS = 3;

    /** An image, and what is left of it around a hole. */
    private static final int REMEMBERED = 2;

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
    private final Deque<Encoded> last = new ArrayDeque<>(); // as with a job's images, or one picture and many prompts

    /**
     * What the network made of an image.
     *
     * @param rgb (H, W, 3)
     * @param hole (H, W), or empty
     * @param values (C or 2 C, H/f, W/f)
     */
    private record Encoded(byte[] rgb, byte[] hole, float[] values) {
        boolean isOf(byte[] otherRgb, byte[] otherHole) {
            return Arrays.equals(hole, otherHole) && Arrays.equals(rgb, otherRgb);
        }
    }

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
        return encode(image, new byte[0], noise, cancel);
    }

    /**
     * The same of an image with a hole.
     *
     * @param hole (H, W) bytes, row by row: where above 127, the network sees the grey in the middle; empty for none
     */
    public float[] encode(RgbImage image, byte[] hole, IntFunction<float[]> noise, CancelToken cancel) {
        if (image.width() != width || image.height() != height) {
            throw new IllegalArgumentException("the picture must have %sx%s pixels, got %sx%s"
                    .formatted(width, height, image.width(), image.height()));
        }
        try {
            float[] values = last.stream()
                    .filter(known -> known.isOf(image.rgb(), hole))
                    .findFirst()
                    .map(Encoded::values)
                    .orElseGet(() -> run(image.rgb(), hole, cancel));
            return scaled(distribution ? drawn(values, noise.apply(values.length / 2)) : values.clone());
        } finally {
            model.rest();
        }
    }

    private float[] run(byte[] rgb, byte[] hole, CancelToken cancel) {
        separate(rgb, hole);
        binding.run(cancel);
        float[] values = new float[output.size()];
        output.read(0, values);
        if (last.size() == REMEMBERED) {
            last.removeLast();
        }
        last.addFirst(new Encoded(rgb.clone(), hole.clone(), values));
        return values;
    }

    /** Whether {@link #encode} asks for noise. */
    public boolean drawsNoise() {
        return distribution;
    }

    /** Bytes in [0, 255] to planes in [-1, 1], 0 in the hole. */
    private void separate(byte[] rgb, byte[] hole) {
        float[] row = new float[width];
        for (int colour = 0; colour < COLOURS; colour++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int pixel = y * width + x;
                    boolean seen = hole.length == 0 || (hole[pixel] & 0xff) <= 127;
                    row[x] = seen ? (rgb[pixel * COLOURS + colour] & 0xff) / 255f * 2 - 1 : 0;
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
