package dev.mobilediffusion.runtime.adapter;

import dev.mobilediffusion.runtime.InferenceException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A LoRA's file: for each layer of a network, a narrow matrix down and one up again, whose product is added to the layer's
 * weights. Read in the names of kohya-ss ({@code lora_unet_down_blocks_0_….lora_down.weight}, {@code …alpha}), of PEFT
 * ({@code unet.down_blocks.0.….lora_A.weight}) and of diffusers before PEFT ({@code …processor.to_q_lora.down.weight}).
 *
 * @param name of the file, without its ending
 * @param unet layers of the UNet by their names, with {@code _} for dots
 * @param textEncoder those of the text encoder
 */
record LoraFile(String name, Map<String, Layer> unet, Map<String, Layer> textEncoder) {

    private static final Pattern PREFIX = Pattern.compile(
            "(?:base_model\\.model\\.)?(lora_unet_|lora_te1?_|unet\\.|text_encoder\\.|(?=(?:down_blocks|mid_block|up_blocks)\\.))(.+)");
    private static final Pattern FACTOR =
            Pattern.compile("(.+)\\.(?:lora_|lora\\.|lora_linear_layer\\.)(down|up|A|B)(?:\\.default)?\\.weight");
    private static final Pattern PROCESSOR = Pattern.compile("(.+)\\.processor\\.(to_\\w+)_lora\\.(down|up)\\.weight");
    private static final Pattern ALPHA = Pattern.compile("(.+)\\.alpha");

    /**
     * A layer's change.
     *
     * @param down (rank, in), a convolution's kernel counted to {@code in}
     * @param up (out, rank)
     * @param scale alpha over rank
     */
    record Layer(float[] down, float[] up, int rank, double scale) {

        int in() {
            return down.length / rank;
        }

        int out() {
            return up.length / rank;
        }

        /** (out, in): scale · weight · up · down. */
        float[] delta(double weight) {
            int in = in();
            float[] delta = new float[out() * in];
            for (int row = 0; row < out(); row++) {
                for (int k = 0; k < rank; k++) {
                    float factor = (float) (up[row * rank + k] * scale * weight);
                    for (int column = 0; column < in; column++) {
                        delta[row * in + column] += factor * down[k * in + column];
                    }
                }
            }
            return delta;
        }
    }

    /** What a tensor of the file is: which part of which layer. */
    private record Part(boolean unet, String layer, String role) {}

    /** @throws InferenceException with code INVALID_REQUEST when it is no LoRA that can be read */
    static LoraFile open(Path file, String name) {
        Safetensors tensors = Safetensors.open(file, name);
        Map<String, Map<String, Safetensors.Tensor>> unet = new LinkedHashMap<>();
        Map<String, Map<String, Safetensors.Tensor>> text = new LinkedHashMap<>();
        for (String tensor : tensors.names()) {
            Part part = part(name, tensor);
            (part.unet ? unet : text)
                    .computeIfAbsent(part.layer, layer -> new LinkedHashMap<>())
                    .put(part.role, tensors.tensor(tensor));
        }
        return new LoraFile(name, layers(name, unet), layers(name, text));
    }

    private static Part part(String name, String tensor) {
        Matcher prefix = PREFIX.matcher(tensor);
        if (prefix.matches()) {
            boolean unet = !prefix.group(1).contains("te");
            String rest = prefix.group(2);
            Matcher processor = PROCESSOR.matcher(rest);
            if (processor.matches()) {
                String layer = processor.group(2).equals("to_out") ? "to_out_0" : processor.group(2);
                return new Part(unet, flat(processor.group(1) + "_" + layer), processor.group(3));
            }
            Matcher factor = FACTOR.matcher(rest);
            if (factor.matches()) {
                String role =
                        switch (factor.group(2)) {
                            case "A" -> "down";
                            case "B" -> "up";
                            default -> factor.group(2);
                        };
                return new Part(unet, flat(factor.group(1)), role);
            }
            Matcher alpha = ALPHA.matcher(rest);
            if (alpha.matches()) {
                return new Part(unet, flat(alpha.group(1)), "alpha");
            }
        }
        throw invalid(
                name,
                "has the tensor %s, which is none of a LoRA for Stable Diffusion 1 or 2 in kohya's or PEFT's names"
                        .formatted(abridged(tensor)));
    }

    private static String flat(String layer) {
        return layer.replace('.', '_');
    }

    private static Map<String, Layer> layers(String name, Map<String, Map<String, Safetensors.Tensor>> parts) {
        Map<String, Layer> layers = new LinkedHashMap<>();
        parts.forEach((layer, tensors) -> layers.put(layer, layer(name, layer, tensors)));
        return layers;
    }

    private static Layer layer(String name, String layer, Map<String, Safetensors.Tensor> tensors) {
        Safetensors.Tensor down = tensors.get("down");
        Safetensors.Tensor up = tensors.get("up");
        if (down == null || up == null || down.shape().length < 2 || up.shape().length < 2) {
            throw invalid(name, "lacks one of the two matrices of %s".formatted(abridged(layer)));
        }
        int rank = down.shape()[0];
        if (rank < 1
                || down.values().length == 0
                || up.values().length == 0
                || up.shape()[1] != rank
                || up.values().length != up.shape()[0] * rank) {
            throw invalid(name, "has matrices for %s that do not belong together".formatted(abridged(layer)));
        }
        Safetensors.Tensor alpha = tensors.get("alpha");
        double scale = alpha == null || alpha.values().length != 1 ? 1 : alpha.values()[0] / rank;
        return new Layer(down.values(), up.values(), rank, scale);
    }

    private static String abridged(String text) {
        return text.length() <= 120 ? text : text.substring(0, 120) + "…";
    }

    private static InferenceException invalid(String name, String sentence) {
        return InferenceException.invalid("loras", "%s", "the LoRA %s %s".formatted(name, sentence));
    }
}
