package dev.mobilediffusion.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.edge.ExecutionJson;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.function.Supplier;

/** {@code /v1/models} in OpenAI's shape, with what a page needs to offer a model's settings. */
public final class ModelRoutes implements HttpService {

    public static final Api API = Api.named("models");

    private final ModelCatalog models;
    private final Supplier<ExecutionPlan> execution;

    /** @param execution tells what computes every model */
    public ModelRoutes(ModelCatalog models, Supplier<ExecutionPlan> execution) {
        this.models = models;
        this.execution = execution;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list)
                .any("/", Routes.methodNotAllowed("GET, HEAD"))
                .get("/{id}", this::show)
                .any("/{id}", Routes.methodNotAllowed("GET, HEAD"));
    }

    private void list(ServerRequest request, ServerResponse response) {
        ObjectNode node = Json.object();
        node.put("object", "list");
        ArrayNode data = node.putArray("data");
        models.all().forEach(entry -> data.add(json(entry)));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(node));
    }

    private void show(ServerRequest request, ServerResponse response) {
        String id = request.path().pathParameters().get("id");
        ModelCatalog.Entry entry = models.find(id)
                .orElseThrow(() -> ApiException.of(
                        ErrorCode.MODEL_NOT_FOUND, "model", "there is no such model; GET /v1/models lists them"));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(json(entry)));
    }

    private ObjectNode json(ModelCatalog.Entry entry) {
        ObjectNode node = Json.object();
        node.put("id", entry.name());
        node.put("object", "model");
        node.put("created", entry.created().getEpochSecond());
        node.put("owned_by", "mobilediffusion");
        node.put("loaded", entry.loaded().isPresent());
        models.controls(entry.name()).forEach(node.putArray("controls")::add);
        entry.loaded().ifPresent(model -> describe(node, model));
        return node;
    }

    private void describe(ObjectNode node, ModelInfo model) {
        node.put("size", model.width() + "x" + model.height());
        node.put("default_steps", model.defaultSteps());
        node.put("default_guidance_scale", model.defaultGuidanceScale());
        node.put("guidance_baked_in", model.guidanceBakedIn());
        node.put("scheduler", model.schedulerName());
        node.put("parameters", model.parameters());
        node.put("licence", model.licence());
        node.put("sha256", model.sha256());
        ExecutionJson.put(node, execution.get());
        ArrayNode words = node.putArray("known_words");
        model.knownWords().forEach(words::add);
        ObjectNode groups = node.putObject("groups");
        model.groups().forEach((group, things) -> things.forEach(groups.putArray(group)::add));
    }
}
