package dev.mobilediffusion.runtime.upscale;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.RgbImage;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.onnx.OnnxModel;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A network that multiplies an image's size: (1, 3, H, W) RGB in [0, 1] in, (1, 3, s H, s W) out, as ESRGAN and its kin
 * are exported. It sees an image in tiles that overlap, so that memory does not grow with the image. Owns its network
 * and buffers; for one thread at a time.
 */
final class NetworkUpscaler implements AutoCloseable {

    static final int MAX_SCALE = 8;

    /** Side of a tile where the network takes any; many want a multiple of 64. */
    private static final int TILE = 192;

    /** Pixels at a tile's edge that are thrown away, since the network did not see what is beyond them. */
    private static final int MARGIN = 16;

    private static final int CHANNELS = 3;

    private final OnnxModel model;
    private final int tileHeight;
    private final int tileWidth;
    private final int margin;
    private final int scale;
    private final TensorBuffer input; // (1, 3, tileHeight, tileWidth)
    private final TensorBuffer output; // (1, 3, s tileHeight, s tileWidth)
    private final OnnxModel.Binding binding;

    private NetworkUpscaler(OnnxModel model) {
        this.model = model;
        if (model.inputs().size() != 1 || model.inputs().get(0).rank() != 4) {
            throw invalid("must have one input of shape (1, 3, height, width); found %s", model.inputs());
        }
        TensorSpec spec = model.inputs().get(0);
        tileHeight = spec.shape()[2] > 0 ? Math.toIntExact(spec.shape()[2]) : TILE;
        tileWidth = spec.shape()[3] > 0 ? Math.toIntExact(spec.shape()[3]) : TILE;
        margin = Math.min(MARGIN, Math.min(tileHeight, tileWidth) / 8);
        input = model.allocate(spec, 1, CHANNELS, tileHeight, tileWidth);
        try {
            TensorSpec result = model.outputs().get(0);
            long[] found = model.outputShapes(List.of(input), List.of(result)).getFirst();
            scale = scale(found);
            output = model.allocate(result, found);
        } catch (RuntimeException failure) {
            input.close();
            throw failure;
        }
        binding = model.bind(List.of(input), List.of(output));
    }

    private int scale(long[] found) {
        if (found.length == 4
                && found[0] == 1
                && found[1] == CHANNELS
                && found[2] % tileHeight == 0
                && found[2] / tileHeight == found[3] / tileWidth
                && found[3] % tileWidth == 0) {
            long times = found[2] / tileHeight;
            if (times >= 2 && times <= MAX_SCALE) {
                return (int) times;
            }
        }
        throw invalid(
                "must multiply a picture's size by 2 to %d; it makes %s of (1, 3, %d, %d)",
                MAX_SCALE, Arrays.toString(found), tileHeight, tileWidth);
    }

    /** @throws InferenceException with code INVALID_BUNDLE when the file is no such network */
    static NetworkUpscaler open(Path file, String name, RuntimeOptions options) {
        OnnxModel model = OnnxModel.open(file, name, options, false);
        try {
            return new NetworkUpscaler(model);
        } catch (RuntimeException failure) {
            model.close();
            throw failure;
        }
    }

    /** By how much it multiplies each side, in [2, {@value #MAX_SCALE}]. */
    int scale() {
        return scale;
    }

    /** The image, each side {@link #scale} times as long. */
    RgbImage upscale(RgbImage image, CancelToken cancel) {
        byte[] rgb = new byte[CHANNELS * scale * scale * image.width() * image.height()];
        int down = tileHeight - 2 * margin;
        int right = tileWidth - 2 * margin;
        for (int top = 0; top < image.height(); top += down) {
            for (int left = 0; left < image.width(); left += right) {
                show(image, top - margin, left - margin);
                binding.run(cancel);
                int rows = Math.min(down, image.height() - top);
                int columns = Math.min(right, image.width() - left);
                take(rgb, scale * image.width(), scale * top, scale * left, scale * rows, scale * columns);
            }
        }
        return new RgbImage(scale * image.width(), scale * image.height(), rgb);
    }

    /** A tile of the image; beyond its edges the outermost pixels again. */
    private void show(RgbImage image, int top, int left) {
        float[] row = new float[tileWidth];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int y = 0; y < tileHeight; y++) {
                int from = Math.clamp(top + y, 0, image.height() - 1) * image.width();
                for (int x = 0; x < tileWidth; x++) {
                    int at = CHANNELS * (from + Math.clamp(left + x, 0, image.width() - 1)) + channel;
                    row[x] = (image.rgb()[at] & 0xff) / 255f;
                }
                input.put((channel * tileHeight + y) * tileWidth, row);
            }
        }
    }

    /** The middle of the tile that was made, {@code rows} by {@code columns}, to its place in {@code rgb}. */
    private void take(byte[] rgb, int width, int top, int left, int rows, int columns) {
        float[] row = new float[columns];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int y = 0; y < rows; y++) {
                output.read(
                        (channel * scale * tileHeight + scale * margin + y) * scale * tileWidth + scale * margin, row);
                int at = CHANNELS * ((top + y) * width + left) + channel;
                for (int x = 0; x < columns; x++) {
                    rgb[at + CHANNELS * x] = (byte) Math.round(Math.clamp(row[x], 0f, 1f) * 255);
                }
            }
        }
    }

    @Override
    public void close() {
        output.close();
        input.close();
        model.close();
    }

    private InferenceException invalid(String format, Object... args) {
        return new InferenceException(
                InferenceException.Code.INVALID_BUNDLE,
                "the upscaler %s %s".formatted(model.name(), String.format(Locale.ROOT, format, args)));
    }
}
