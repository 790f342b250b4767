package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What clients write into prompts besides prompts, and what they leave out. */
public final class Prompts {

    private static final int MAX_LENGTH = 32_000;
    private static final long RANDOM_SEED_BOUND = 1L << 32; // what other servers use, and JavaScript can hold

    /** stable-diffusion.cpp's clients hide settings in the prompt like this. */
    private static final Pattern EXTRA_ARGS =
            Pattern.compile("<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", Pattern.DOTALL);

    private static final Pattern NETWORK = Pattern.compile("<(?:lora|lyco|hypernet):[^<>]{0,200}>");

    private Prompts() {}

    /** @throws ApiException when {@code text}, the field {@code name}, is longer than OpenAI's longest prompt */
    public static String bounded(String name, String text) {
        if (text.length() > MAX_LENGTH) {
            throw ApiException.invalid(
                    name, "%s must have at most %d characters, got %d", name, MAX_LENGTH, text.length());
        }
        return text;
    }

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

    /** {@code wanted}, or a random seed where it is absent or, as A1111 has it, negative. */
    public static long seed(OptionalLong wanted) {
        return wanted.isPresent() && wanted.getAsLong() >= 0
                ? wanted.getAsLong()
                : ThreadLocalRandom.current().nextLong(RANDOM_SEED_BOUND);
    }
}
