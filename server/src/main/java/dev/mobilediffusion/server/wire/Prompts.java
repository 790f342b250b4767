package dev.mobilediffusion.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The settings that stable-diffusion.cpp's clients write into prompts. */
public final class Prompts {

    private static final Pattern EXTRA_ARGS =
            Pattern.compile("<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", Pattern.DOTALL);

    private Prompts() {}

    /**
     * A request whose prompt is nothing but a prompt.
     *
     * @param prompt what is to be drawn, perhaps blank
     * @param fields the request's, over which go the settings that stood in its prompt
     */
    public record Plain(String prompt, Fields fields) {}

    /** Takes settings out of {@code prompt}, which came with the fields of {@code body}. */
    public static Plain plain(ObjectNode body, String prompt) {
        Matcher extra = EXTRA_ARGS.matcher(prompt);
        if (!extra.find()) {
            return new Plain(prompt, new Fields(body));
        }
        ObjectNode hidden = Json.parseObject(
                "what stands in <sd_cpp_extra_args>", extra.group(1).getBytes(StandardCharsets.UTF_8));
        return new Plain(
                extra.replaceAll("").strip(), new Fields(body.deepCopy().setAll(flat(hidden))));
    }

    /** stable-diffusion.cpp's names and groups in the words of both APIs that have settings as fields. */
    private static ObjectNode flat(ObjectNode hidden) {
        ObjectNode flat = hidden.deepCopy();
        JsonNode sampling = flat.path("sample_params");
        put(flat, sampling.path("sample_steps"), "steps");
        put(flat, sampling.path("sample_method"), "sampler_name");
        put(flat, sampling.path("guidance").path("txt_cfg"), "cfg_scale", "guidance_scale");
        put(flat, flat.path("batch_count"), "n", "batch_size");
        return flat.remove(List.of("sample_params", "batch_count"));
    }

    private static void put(ObjectNode flat, JsonNode value, String... names) {
        if (!value.isMissingNode() && !value.isNull()) {
            for (String name : names) {
                flat.set(name, value);
            }
        }
    }
}
