package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.util.function.Supplier;

/** What clients of sd-webui-controlnet ask before they draw, below {@code /controlnet}. */
final class ControlNetRoutes implements HttpService {

    /** Of its API's current form. */
    private static final int VERSION = 3;

    private final ModelCatalog models;

    ControlNetRoutes(ModelCatalog models) {
        this.models = models;
    }

    @Override
    public void routing(HttpRules rules) {
        get(rules, "/model_list", this::models);
        get(rules, "/module_list", ControlNetRoutes::modules);
        get(rules, "/version", () -> Json.object().put("version", VERSION));
        get(rules, "/settings", () -> Json.object().put("control_net_unit_count", 1));
    }

    private static void get(HttpRules rules, String path, Supplier<ObjectNode> body) {
        rules.get(path, Answers.of((request, response) -> Answers.send(response, body.get())))
                .any(path, Answers.methodNotAllowed("GET, HEAD"));
    }

    private ObjectNode models() {
        ObjectNode node = Json.object();
        ArrayNode list = node.putArray("model_list");
        models.controls(models.defaultModel().name()).forEach(list::add);
        return node;
    }

    private static ObjectNode modules() {
        ObjectNode node = Json.object();
        ArrayNode list = node.putArray("module_list");
        ControlNetFields.MODULES.keySet().stream().sorted().forEach(list::add);
        ObjectNode details = node.putObject("module_detail");
        ControlNetFields.MODULES.keySet().stream()
                .sorted()
                .forEach(
                        name -> details.putObject(name).put("model_free", false).putArray("sliders"));
        return node;
    }
}
