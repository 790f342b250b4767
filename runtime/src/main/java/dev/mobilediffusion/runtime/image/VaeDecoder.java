package dev.mobilediffusion.runtime.image;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import dev.mobilediffusion.runtime.bundle.VaeConfig;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The VAE's decoder: latents in, pixels out. To save memory it decodes an image in {@link Bands} where its config says
 * how far pixels depend on latents and its network takes any height. Owns its network and buffers; for one thread at a
 * time.
 */
public final class VaeDecoder implements AutoCloseable {

    private static final int CHANNELS = 3;
    private static final int TASK_ROWS = 64;

    private final OnnxModel model;
    private final VaeConfig config;
    private final int width;
    private final int height;
    private final Bands bands;
    private final TensorBuffer latents; // (1, C, R, W/f), R being the rows of a band
    private final TensorBuffer pixels; // (1, 3, f R, W) in about [-1, 1]
    private final OnnxModel.Binding binding;
    private final float[] unscaled; // (C, R, W/f)

    private VaeDecoder(OnnxModel model, VaeConfig config, int latentHeight, int latentWidth, boolean inBands) {
        this.model = model;
        this.config = config;
        this.width = latentWidth * config.scaleFactor();
        this.height = latentHeight * config.scaleFactor();
        if (model.inputs().size() != 1) {
            throw invalid("must have one input, the latents; found %s", model.inputs());
        }
        TensorSpec input = model.inputs().get(0);
        bands = inBands && config.receptiveRows().isPresent() && takesAnyHeight(input)
                ? Bands.overlapping(latentHeight, config.receptiveRows().getAsInt())
                : Bands.whole(latentHeight);
        latents = model.allocate(input, 1, config.latentChannels(), bands.rows(), latentWidth);
        try {
            TensorSpec output = model.outputs().get(0);
            long[] expected = {1, CHANNELS, (long) bands.rows() * config.scaleFactor(), width};
            long[] found = model.outputShapes(List.of(latents), List.of(output)).getFirst();
            if (!Arrays.equals(found, expected)) {
                throw invalid(
                        "%s must have shape %s by the configs, found %s",
                        output.name(), Arrays.toString(expected), Arrays.toString(found));
            }
            pixels = model.allocate(output, expected);
        } catch (RuntimeException failure) {
            latents.close();
            throw failure;
        }
        binding = model.bind(List.of(latents), List.of(pixels));
        unscaled = new float[latents.size()];
        model.rest();
    }

    /** The decoder of a bundle, in the profile {@link RuntimeOptions.MemoryProfile#SMALL} in bands. */
    public static VaeDecoder load(ModelBundle bundle, RuntimeOptions options) {
        return load(
                bundle,
                bundle.unet().latentHeight(),
                bundle.unet().latentWidth(),
                options,
                options.memory() == RuntimeOptions.MemoryProfile.SMALL);
    }

    static VaeDecoder load(
            ModelBundle bundle, int latentHeight, int latentWidth, RuntimeOptions options, boolean inBands) {
        OnnxModel model = OnnxModel.open(bundle.vaeDecoderModel(), "vae_decoder", options, true);
        try {
            return new VaeDecoder(model, bundle.vaeDecoder(), latentHeight, latentWidth, inBands);
        } catch (RuntimeException failure) {
            model.close();
            throw failure;
        }
    }

    /**
     * @param sample (C, H/f, W/f) latents as the denoise loop leaves them
     * @return (H, W, 3) bytes in [0, 255], row by row; the caller's own
     */
    public byte[] decode(float[] sample, CancelToken cancel) {
        byte[] rgb = new byte[CHANNELS * width * height];
        try {
            for (Bands.Band band : bands.bands()) {
                unscale(sample, band.first());
                latents.put(0, unscaled);
                binding.run(cancel);
                interleave(rgb, band);
            }
        } finally {
            model.rest();
        }
        return rgb;
    }

    /** The rows of latents from {@code first} on, as the network takes them. */
    private void unscale(float[] sample, int first) {
        int columns = width / config.scaleFactor();
        int perChannel = sample.length / config.latentChannels();
        int perBand = bands.rows() * columns;
        for (int channel = 0; channel < config.latentChannels(); channel++) {
            float std = config.latentsStd().length == 0 ? 1 : config.latentsStd()[channel];
            float mean = config.latentsMean().length == 0 ? 0 : config.latentsMean()[channel];
            int from = channel * perChannel + first * columns;
            for (int i = 0; i < perBand; i++) {
                unscaled[channel * perBand + i] =
                        sample[from + i] * std / config.scalingFactor() + mean + config.shiftFactor();
            }
        }
    }

    /** Planes in [-1, 1] to bytes in [0, 255], on all cores: this is time in which the networks rest. */
    private void interleave(byte[] rgb, Bands.Band band) {
        int from = band.from() * config.scaleFactor();
        int to = band.to() * config.scaleFactor();
        int above = band.first() * config.scaleFactor();
        IntStream.range(0, Math.ceilDiv(to - from, TASK_ROWS))
                .parallel()
                .map(task -> from + task * TASK_ROWS)
                .forEach(row -> interleave(rgb, row, Math.min(to, row + TASK_ROWS), above));
    }

    /** @param above rows of the image above those in {@link #pixels} */
    private void interleave(byte[] rgb, int from, int to, int above) {
        float[] red = new float[width];
        float[] green = new float[width];
        float[] blue = new float[width];
        int plane = bands.rows() * config.scaleFactor();
        for (int row = from; row < to; row++) {
            int read = row - above;
            pixels.read(read * width, red);
            pixels.read((plane + read) * width, green);
            pixels.read((2 * plane + read) * width, blue);
            int at = CHANNELS * row * width;
            for (int x = 0; x < width; x++) {
                rgb[at++] = toByte(red[x]);
                rgb[at++] = toByte(green[x]);
                rgb[at++] = toByte(blue[x]);
            }
        }
    }

    private static boolean takesAnyHeight(TensorSpec input) {
        return input.rank() == 4 && input.shape()[2] < 0;
    }

    /** Rounded half to even, as diffusers' image processor does. */
    private static byte toByte(float value) {
        float unit = Math.clamp(value / 2 + 0.5f, 0f, 1f);
        // Beside 2^23 a float has no bits left for a fraction, so the addition rounds, as rint does and faster
        return (byte) Float.floatToRawIntBits(unit * 255 + 0x1p23f);
    }

    private InferenceException invalid(String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE, model.name() + ": " + String.format(Locale.ROOT, format, args));
    }

    @Override
    public void close() {
        pixels.close();
        latents.close();
        model.close();
    }
}
