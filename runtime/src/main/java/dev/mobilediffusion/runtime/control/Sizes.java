package dev.mobilediffusion.runtime.control;

import dev.mobilediffusion.runtime.bundle.ModelBundle;

/**
 * How large a model's tensors are.
 *
 * @param rows of an encoded prompt
 * @param hiddenSize width of a row
 */
record Sizes(int channels, int latentHeight, int latentWidth, int rows, int hiddenSize, int height, int width) {

    static Sizes of(ModelBundle bundle, int rows, int hiddenSize) {
        return new Sizes(
                bundle.unet().latentChannels(),
                bundle.unet().latentHeight(),
                bundle.unet().latentWidth(),
                rows,
                hiddenSize,
                bundle.height(),
                bundle.width());
    }

    long[] image() {
        return new long[] {1, 3, height, width};
    }

    long[] sample() {
        return new long[] {1, channels, latentHeight, latentWidth};
    }

    long[] states() {
        return new long[] {1, rows, hiddenSize};
    }
}
