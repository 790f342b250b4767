package dev.mobilediffusion.runtime.adapter;

import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.runtime.bundle.ModelBundle;
import java.nio.file.Path;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a LoRA's file holds.
 *
 * @param name by which prompts call it
 * @param unetLayers layers of the UNet that it changes
 * @param textEncoderLayers those of the text encoder
 * @param smallestRank of all layers, 0 where there is none
 * @param largestRank of all layers
 */
public record LoraSummary(String name, int unetLayers, int textEncoderLayers, int smallestRank, int largestRank) {

    /**
     * Reads all of the file.
     *
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_REQUEST when it is no LoRA
     */
    public static LoraSummary of(Path file, String name) {
        LoraFile lora = LoraFile.open(file, name);
        IntSummaryStatistics ranks = Stream.of(lora.unet(), lora.textEncoder())
                .flatMap(layers -> layers.values().stream())
                .mapToInt(LoraFile.Layer::rank)
                .summaryStatistics();
        int layers = lora.unet().size() + lora.textEncoder().size();
        return new LoraSummary(
                name,
                lora.unet().size(),
                lora.textEncoder().size(),
                layers == 0 ? 0 : ranks.getMin(),
                layers == 0 ? 0 : ranks.getMax());
    }

    /**
     * Does nothing when the LoRA called {@code name} can be added to the bundle's weights, of which a copy is made for that.
     *
     * @throws dev.mobilediffusion.runtime.InferenceException with code INVALID_REQUEST that names the first layer which
     *     does not fit
     */
    public static void requireFit(LoraLibrary library, String name, ModelBundle bundle) {
        Adapted.of(bundle, bundle.textEncoderModel(), library, List.of(new Lora(name, 1)))
                .close();
    }
}
