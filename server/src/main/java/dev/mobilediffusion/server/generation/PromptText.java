package dev.mobilediffusion.server.generation;

import java.util.regex.Pattern;

/** What people's prompts hold besides words, the same for every API. */
final class PromptText {

    static final String NETWORKS_LEFT_OUT =
            "additional networks such as <lora:...> are not supported and were left out of the prompt";

    private static final Pattern NETWORK = Pattern.compile("<(?:lora|lyco|hypernet):[^<>]{0,200}>");

    private PromptText() {}

    /** The prompt without A1111's calls for additional networks, such as {@code <lora:name:0.8>}, which are no words. */
    static String withoutNetworks(String prompt) {
        return NETWORK.matcher(prompt).replaceAll("").strip();
    }
}
