package dev.mobilediffusion.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.models.ModelLoras;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/** {@code GET /v1/loras}: which LoRAs there are, what each changes, and which models it fits. */
public final class LoraRoutes implements HttpService {

    private final ModelLoras loras;

    public LoraRoutes(ModelLoras loras) {
        this.loras = loras;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::list).any("/", Routes.methodNotAllowed("GET, HEAD"));
    }

    private void list(ServerRequest request, ServerResponse response) {
        ObjectNode node = Json.object();
        node.put("object", "list");
        ArrayNode data = node.putArray("data");
        loras.all().forEach(lora -> describe(data.addObject(), lora));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(node));
    }

    private static void describe(ObjectNode node, ModelLoras.Entry lora) {
        node.put("id", lora.name());
        node.put("object", "lora");
        node.put("bytes", lora.bytes());
        lora.summary().ifPresent(summary -> {
            node.put("unet_layers", summary.unetLayers());
            node.put("text_encoder_layers", summary.textEncoderLayers());
            node.put("smallest_rank", summary.smallestRank());
            node.put("largest_rank", summary.largestRank());
        });
        if (!lora.fault().isEmpty()) {
            node.put("fault", lora.fault());
        }
        lora.fits().forEach(node.putArray("fits")::add);
    }
}
