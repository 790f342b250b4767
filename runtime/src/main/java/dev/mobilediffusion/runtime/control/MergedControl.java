package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.util.List;
import java.util.Optional;

/**
 * Control networks inside the UNet's own file, as diffusers' script for Stable Diffusion with ControlNets exports them: an
 * image and a scale for each, black and 0 for those that an image does not follow.
 */
final class MergedControl implements UnetControl {

    static final String IMAGES = "controlnet_conds"; // (N, B, 3, H, W) in [0, 1]
    static final String SCALES = "conditioning_scales"; // (N) or (N, 1)

    private final Sizes sizes;
    private final List<String> names; // (N)
    private Optional<Lines> lines = Optional.empty();
    private final float[] black;

    MergedControl(Sizes sizes, List<String> names) {
        this.sizes = sizes;
        this.names = List.copyOf(names);
        this.black = new float[3 * sizes.height() * sizes.width()];
    }

    @Override
    public void begin(Optional<Lines> next) {
        lines = next;
    }

    @Override
    public Optional<long[]> shape(TensorSpec input, int batch) {
        return switch (input.name()) {
            case IMAGES -> Optional.of(new long[] {names.size(), batch, 3, sizes.height(), sizes.width()});
            case SCALES -> Optional.of(input.rank() == 1 ? new long[] {names.size()} : new long[] {names.size(), 1});
            default -> Optional.empty();
        };
    }

    @Override
    public void fill(Call call, int at, List<TensorBuffer> buffers, CancelToken cancel) {
        for (TensorBuffer buffer : buffers) {
            for (int network = 0; network < names.size(); network++) {
                String name = names.get(network);
                Optional<Lines> here =
                        lines.filter(followed -> followed.control().equals(name));
                if (buffer.name().equals(SCALES)) {
                    buffer.put(network, here.map(Lines::scale).orElse(0f));
                } else {
                    int batch = (int) buffer.shape()[1];
                    buffer.put(
                            (network * batch + at) * black.length,
                            here.map(Lines::planes).orElse(black));
                }
            }
        }
    }

    @Override
    public void rest() {}

    @Override
    public void close() {}
}
