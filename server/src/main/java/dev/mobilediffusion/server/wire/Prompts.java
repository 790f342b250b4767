package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What clients write into prompts besides prompts, and what they leave out. */
public final class Prompts {

    /** stable-diffusion.cpp's clients hide settings in the prompt like this. */
    private static final Pattern EXTRA_ARGS =
            Pattern.compile("<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", Pattern.DOTALL);

    private static final Pattern NETWORK = Pattern.compile("<(?:lora|lyco|hypernet):[^<>]{0,200}>");

    private Prompts() {}

    /** The settings hidden in a prompt; empty when there are none. */
    public static Optional<ObjectNode> hiddenSettings(String prompt) {
        Matcher extra = EXTRA_ARGS.matcher(prompt);
        return extra.find()
                ? Optional.of(Json.parseObject(extra.group(1).getBytes(StandardCharsets.UTF_8)))
                : Optional.empty();
    }

    /** The prompt without hidden settings. */
    public static String withoutSettings(String prompt) {
        return EXTRA_ARGS.matcher(prompt).replaceAll("").strip();
    }

    /** The prompt without A1111's calls for additional networks, such as {@code <lora:name:0.8>}. */
    public static String withoutNetworks(String prompt) {
        return NETWORK.matcher(prompt).replaceAll("").strip();
    }
}
