package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.runtime.Lora;
import dev.mobilediffusion.server.error.ApiException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which LoRAs a request names, by a field or as people write them into prompts: {@code <lora:name:0.8>}. A field is
 * strict; what a prompt names and is not there is left out with a warning, as A1111 does. Owned by the thread that reads
 * the request.
 */
public final class LoraChoice {

    private static final Pattern NETWORK = Pattern.compile("<(lora|lyco|hypernet):([^<>]{0,200})>");

    private final List<String> known;
    private final Map<String, Double> weights = new LinkedHashMap<>();
    private final List<String> missing = new ArrayList<>();

    /** @param known names of those there are */
    public LoraChoice(List<String> known) {
        this.known = List.copyOf(known);
    }

    /** @throws ApiException INVALID_REQUEST when it is not there, or the weight is out of bounds */
    public void add(String name, double weight) {
        if (!known.contains(name)) {
            throw ApiException.invalid(
                    "loras",
                    "loras: there is no LoRA \"%s\", only %s",
                    abridged(name),
                    known.isEmpty() ? "an empty folder" : String.join(", ", known));
        }
        try {
            weights.merge(name, new Lora(name, weight).weight(), Double::sum);
        } catch (InferenceException outOfBounds) {
            throw ApiException.of(outOfBounds);
        }
        if (weights.size() > Lora.MAX_COUNT) {
            throw ApiException.invalid("loras", "loras must be at most %d", Lora.MAX_COUNT);
        }
    }

    /** The prompt without its calls for additional networks, which are no words. */
    public String read(String prompt) {
        Matcher call = NETWORK.matcher(prompt);
        while (call.find()) {
            String[] parts = call.group(2).split(":", -1);
            String name = parts[0].strip();
            if (!call.group(1).equals("hypernet") && known.contains(name)) {
                add(name, parts.length > 1 ? weight(parts[1], call.group()) : 1);
            } else {
                missing.add(abridged(call.group()));
            }
        }
        return withoutNetworks(prompt);
    }

    /** The prompt without A1111's calls for additional networks, whether they are there or not. */
    public static String withoutNetworks(String prompt) {
        return NETWORK.matcher(prompt).replaceAll("").strip();
    }

    private static double weight(String text, String call) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw ApiException.invalid("prompt", "prompt: %s has no number for its weight", abridged(call));
        }
    }

    /** In the order that they were named. */
    public List<Lora> loras() {
        return weights.entrySet().stream()
                .map(entry -> new Lora(entry.getKey(), entry.getValue()))
                .filter(lora -> lora.weight() != 0)
                .toList();
    }

    /** Sentences for the person who asked. */
    public List<String> warnings() {
        return missing.isEmpty()
                ? List.of()
                : List.of("there is no such LoRA, so it was left out of the prompt: " + String.join(" ", missing));
    }

    private static String abridged(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
