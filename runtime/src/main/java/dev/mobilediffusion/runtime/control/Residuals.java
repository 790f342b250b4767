package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.CancelToken;
import dev.mobilediffusion.runtime.onnx.TensorBuffer;
import dev.mobilediffusion.runtime.onnx.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Gives the UNet what a {@link ResidualNetwork} computes, zeros where an image follows nothing. Owns the network. */
final class Residuals implements UnetControl {

    private final ResidualNetwork network;
    private final Map<String, Integer> outputs; // UNet's input → which output goes there
    private float[] scratch = new float[0];

    Residuals(ResidualNetwork network, Map<String, Integer> outputs) {
        this.network = network;
        this.outputs = Map.copyOf(outputs);
    }

    @Override
    public void begin(Optional<Lines> lines) {
        network.begin(lines);
    }

    @Override
    public Optional<long[]> shape(TensorSpec input, int batch) {
        return Optional.ofNullable(outputs.get(input.name())).map(output -> {
            long[] shape = network.outputs().get(output).shape();
            shape[0] = batch;
            return shape;
        });
    }

    @Override
    public void fill(Call call, int at, List<TensorBuffer> buffers, CancelToken cancel) {
        if (network.isOn()) {
            network.run(call, cancel);
        }
        for (TensorBuffer buffer : buffers) {
            TensorBuffer output = network.outputs().get(outputs.get(buffer.name()));
            if (scratch.length != output.size()) {
                scratch = new float[output.size()];
            }
            if (network.isOn()) {
                output.read(0, scratch);
                scale(network.factor());
            } else {
                scale(0);
            }
            buffer.put(at * scratch.length, scratch);
        }
    }

    private void scale(float factor) {
        for (int i = 0; factor != 1 && i < scratch.length; i++) {
            scratch[i] = factor == 0 ? 0 : scratch[i] * factor;
        }
    }

    @Override
    public void rest() {
        network.rest();
    }

    @Override
    public void close() {
        network.close();
    }
}
