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
import java.util.stream.IntStream;

/** The VAE's decoder: latents in, pixels out. Owns its network and buffers; for one thread at a time. */
public final class VaeDecoder implements AutoCloseable {

    private static final int CHANNELS = 3;
    private static final int BAND_ROWS = 64;

    private final OnnxModel model;
    private final VaeConfig config;
    private final int width;
    private final int height;
    private final TensorBuffer latents; // (1, C, H/f, W/f)
    private final TensorBuffer pixels; // (1, 3, H, W) in about [-1, 1]
    private final OnnxModel.Binding binding;
    private final float[] unscaled; // (C, H/f, W/f)

    private VaeDecoder(ModelBundle bundle, OnnxModel model) {
        this.model = model;
        this.config = bundle.vaeDecoder();
        this.width = bundle.width();
        this.height = bundle.height();
        if (model.inputs().size() != 1) {
            throw invalid("must have one input, the latents; found %s", model.inputs());
        }
        latents = model.allocate(
                model.inputs().get(0),
                1,
                config.latentChannels(),
                bundle.unet().latentHeight(),
                bundle.unet().latentWidth());
        try {
            TensorSpec output = model.outputs().get(0);
            long[] expected = {1, CHANNELS, height, width};
            long[] found = model.outputShape(List.of(latents), output);
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

    public static VaeDecoder load(ModelBundle bundle, RuntimeOptions options) {
        OnnxModel model = OnnxModel.open(bundle.vaeDecoderModel(), "vae_decoder", options, true);
        try {
            return new VaeDecoder(bundle, model);
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
        unscale(sample);
        latents.put(0, unscaled);
        binding.run(cancel);
        model.rest();
        return interleaved();
    }

    private void unscale(float[] sample) {
        int perChannel = sample.length / config.latentChannels();
        for (int channel = 0; channel < config.latentChannels(); channel++) {
            float std = config.latentsStd().length == 0 ? 1 : config.latentsStd()[channel];
            float mean = config.latentsMean().length == 0 ? 0 : config.latentsMean()[channel];
            for (int i = channel * perChannel; i < (channel + 1) * perChannel; i++) {
                unscaled[i] = sample[i] * std / config.scalingFactor() + mean + config.shiftFactor();
            }
        }
    }

    /** Planes in [-1, 1] to bytes in [0, 255], on all cores: this is time in which the networks rest. */
    private byte[] interleaved() {
        byte[] rgb = new byte[CHANNELS * width * height];
        IntStream.range(0, Math.ceilDiv(height, BAND_ROWS))
                .parallel()
                .forEach(band -> interleave(rgb, band * BAND_ROWS, Math.min(height, (band + 1) * BAND_ROWS)));
        return rgb;
    }

    private void interleave(byte[] rgb, int from, int to) {
        float[] red = new float[width];
        float[] green = new float[width];
        float[] blue = new float[width];
        for (int row = from; row < to; row++) {
            pixels.read(row * width, red);
            pixels.read((height + row) * width, green);
            pixels.read((2 * height + row) * width, blue);
            int at = CHANNELS * row * width;
            for (int x = 0; x < width; x++) {
                rgb[at++] = toByte(red[x]);
                rgb[at++] = toByte(green[x]);
                rgb[at++] = toByte(blue[x]);
            }
        }
    }

    /** Rounded half to even, as diffusers' image processor does. */
    private static byte toByte(float value) {
        float unit = Math.clamp(value / 2 + 0.5f, 0f, 1f);
        // Beside 2^23 a float has no bits left for a fraction, so the addition rounds, as rint does and faster
        return (byte) Float.floatToRawIntBits(unit * 255 + 0x1p23f);
    }

    private InferenceException invalid(String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE, model.name() + ": " + format.formatted(args));
    }

    @Override
    public void close() {
        pixels.close();
        latents.close();
        model.close();
    }
}
