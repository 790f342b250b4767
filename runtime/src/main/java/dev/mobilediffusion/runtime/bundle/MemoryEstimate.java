package dev.mobilediffusion.runtime.bundle;

import dev.mobilediffusion.runtime.RuntimeOptions;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a model will hold in RAM, by a rule of thumb that errs on the large side. For speed: the weights of all networks as
 * single-precision numbers, which most operators need, with a second copy repacked, and the decoder's widest layer,
 * several times, at full size. Small: one network at a time, its weights mapped once and not repacked, and the same
 * layers beside the decoder's, a band high where it decodes in bands. Where no optimized graph can be kept, the small profile holds all networks after all, and
 * the estimate is too low by the smaller ones.
 */
final class MemoryEstimate {

    private static final double COPIES_FOR_SPEED = 1.3;

    /** Of the widest full-size layer of the decoder: input, output, and what a convolution unfolds. */
    private static final int LAYERS_AT_ONCE = 4;

    private MemoryEstimate() {}

    static long of(ModelBundle bundle, RuntimeOptions.MemoryProfile profile) {
        Map<String, NetworkSummary> networks = networks(bundle);
        int height = bundle.unet().latentHeight();
        return switch (profile) {
            case SPEED -> {
                long weights = networks.values().stream()
                        .mapToLong(MemoryEstimate::weights)
                        .sum();
                yield (long) (weights * COPIES_FOR_SPEED) + layers(bundle, height);
            }
            case SMALL -> {
                OptionalInt receptive = bundle.vaeDecoder().receptiveRows();
                int rows = receptive.isPresent() ? VaeConfig.bandRows(height, receptive.getAsInt()) : height;
                yield networks.entrySet().stream()
                        .mapToLong(entry -> weights(entry.getValue())
                                + (entry.getKey().equals("vae_decoder") ? layers(bundle, rows) : 0))
                        .max()
                        .orElseThrow();
            }
        };
    }

    /** With the safety checker, which is as large as a UNet. */
    private static Map<String, NetworkSummary> networks(ModelBundle bundle) {
        Map<String, NetworkSummary> networks = new LinkedHashMap<>(bundle.networks());
        if (bundle.namesSafetyChecker() && Files.isRegularFile(bundle.folder().resolve("safety_checker/model.onnx"))) {
            networks.put("safety_checker", NetworkSummary.read(bundle.folder(), "safety_checker"));
        }
        return networks;
    }

    private static long weights(NetworkSummary network) {
        return Math.max(network.bytes(), network.parameters() * Float.BYTES);
    }

    /** @param rows of latents that are decoded at once */
    private static long layers(ModelBundle bundle, int rows) {
        float[] widths =
                ConfigFile.read(bundle.folder(), "vae_decoder/config.json").numbers("block_out_channels");
        long width = widths.length == 0 ? 128 : (long) widths[Math.min(1, widths.length - 1)];
        int height = rows * bundle.vaeDecoder().scaleFactor();
        return LAYERS_AT_ONCE * width * bundle.width() * height * Float.BYTES;
    }
}
