package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.diffusion.ExtraInputs;
import java.util.Optional;

/** What fills the inputs of a UNet that follows control images. Owned by one worker, which begins it for every image. */
public interface UnetControl extends ExtraInputs, AutoCloseable {

    /**
     * What an image is to follow.
     *
     * @param planes (3, H, W) RGB in [0, 1], at the model's size
     * @param scale how strongly
     * @param control the network's name
     */
    record Lines(float[] planes, float scale, String control) {}

    /** Sets what the next image follows; empty for nothing. */
    void begin(Optional<Lines> lines);

    /** Gives memory back until the next call, see {@link dev.mobilediffusion.runtime.onnx.OnnxModel#rest}. */
    void rest();

    @Override
    void close();
}
