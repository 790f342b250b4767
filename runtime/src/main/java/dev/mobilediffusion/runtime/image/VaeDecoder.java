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

/** The VAE's decoder: latents in, pixels out. Owns its network and buffers; for one thread at a time. */
public final class VaeDecoder implements AutoCloseable {

    private static final int CHANNELS = 3;

    private final OnnxModel model;
    private final VaeConfig config;
    private final int width;
    private final int height;
    private final TensorBuffer latents; // (1, C, H/f, W/f)
    private final TensorBuffer pixels; // (1, 3, H, W) in about [-1, 1]
    private final OnnxModel.Binding binding;
    private final float[] unscaled; // (C, H/f, W/f)
    private final float[] planes; // (3, H, W)

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
        planes = new float[pixels.size()];
        model.rest();
    }

    public static VaeDecoder load(ModelBundle bundle, RuntimeOptions options) {
        OnnxModel model = OnnxModel.open(
                bundle.vaeDecoderModel(),
                "vae_decoder",
                options,
                true);
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
        pixels.read(0, planes);
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

    /** Planes in [-1, 1] to bytes, rounded half to even, as diffusers' image processor does. */
    private byte[] interleaved() {
        int plane = width * height;
        byte[] rgb = new byte[CHANNELS * plane];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int i = 0; i < plane; i++) {
                float unit = Math.clamp(planes[channel * plane + i] / 2 + 0.5f, 0f, 1f);
                rgb[CHANNELS * i + channel] = (byte) Math.rint(unit * 255);
            }
        }
        return rgb;
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
