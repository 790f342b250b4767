package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** The lists that clients fetch when they start. What this server has none of is an empty list, as with A1111. */
final class ListRoutes implements HttpService {

    private static final List<String> EMPTY_LISTS = List.of(
            "/sd-vae",
            "/hypernetworks",
            "/latent-upscale-modes",
            "/face-restorers",
            "/realesrgan-models",
            "/prompt-styles",
            "/script-info",
            "/extensions");

    /** They make A1111 read its folders anew, which happens here with every list. */
    private static final List<String> REFRESHES = List.of("/refresh-checkpoints", "/refresh-vae", "/refresh-loras");

    private final Checkpoints checkpoints;
    private final Supplier<ArrayNode> upscalers;

    /** @param upscalers as A1111 lists them */
    ListRoutes(Checkpoints checkpoints, Supplier<ArrayNode> upscalers) {
        this.checkpoints = checkpoints;
        this.upscalers = upscalers;
    }

    @Override
    public void routing(HttpRules rules) {
        get(rules, "/sd-models", checkpoints::list);
        get(rules, "/samplers", this::samplers);
        get(rules, "/schedulers", ListRoutes::schedulers);
        get(rules, "/loras", this::loras);
        get(rules, "/upscalers", upscalers::get);
        get(rules, "/embeddings", ListRoutes::embeddings);
        get(rules, "/scripts", ListRoutes::scripts);
        get(rules, "/memory", ListRoutes::memory);
        get(rules, "/cmd-flags", Json::object);
        for (String path : EMPTY_LISTS) {
            get(rules, path, () -> Json.object().arrayNode());
        }
        for (String path : REFRESHES) {
            rules.post(path, Answers.of((request, response) -> Answers.sendNull(response)))
                    .any(path, Answers.methodNotAllowed("POST"));
        }
    }

    private static void get(HttpRules rules, String path, Supplier<JsonNode> body) {
        rules.get(path, Answers.of((request, response) -> Answers.send(response, body.get())))
                .any(path, Answers.methodNotAllowed("GET, HEAD"));
    }

    /** The one that the default model was made for. */
    private ArrayNode samplers() {
        String name = Infotext.samplerName(checkpoints.models().defaultModel().schedulerName());
        ArrayNode list = Json.object().arrayNode();
        ObjectNode sampler = list.addObject();
        sampler.put("name", name);
        sampler.putArray("aliases").add("k_" + name.toLowerCase(Locale.ROOT).replace(' ', '_'));
        sampler.putObject("options");
        return list;
    }

    private static ArrayNode schedulers() {
        ArrayNode list = Json.object().arrayNode();
        ObjectNode automatic = list.addObject();
        automatic.put("name", "automatic");
        automatic.put("label", "Automatic");
        automatic.putNull("aliases");
        automatic.put("default_rho", -1.0);
        automatic.put("need_inner_model", false);
        return list;
    }

    private ArrayNode loras() {
        ArrayNode list = Json.object().arrayNode();
        for (String name : checkpoints.models().loras()) {
            ObjectNode lora = list.addObject();
            lora.put("name", name);
            lora.put("alias", name);
            lora.put("path", name + ".safetensors");
            lora.putObject("metadata");
        }
        return list;
    }

    private static ObjectNode embeddings() {
        ObjectNode node = Json.object();
        node.putObject("loaded");
        node.putObject("skipped");
        return node;
    }

    private static ObjectNode scripts() {
        ObjectNode node = Json.object();
        node.putArray("txt2img");
        node.putArray("img2img");
        return node;
    }

    private static ObjectNode memory() {
        Runtime runtime = Runtime.getRuntime();
        ObjectNode node = Json.object();
        ObjectNode ram = node.putObject("ram");
        ram.put("free", runtime.freeMemory());
        ram.put("used", runtime.totalMemory() - runtime.freeMemory());
        ram.put("total", runtime.maxMemory());
        node.putObject("cuda");
        return node;
    }
}
