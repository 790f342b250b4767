package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.server.wire.Accepted;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/**
 * {@code /} for programs: Draw Things' clients ask there whether a server is alive and what it draws with. Whoever
 * accepts HTML by name gets the next route's answer, which is the page.
 */
final class RootRoutes implements HttpService {

    private final Checkpoints checkpoints;

    RootRoutes(Checkpoints checkpoints) {
        this.checkpoints = checkpoints;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", this::describe);
    }

    private void describe(ServerRequest request, ServerResponse response) {
        if (acceptsHtml(request)) {
            response.next();
            return;
        }
        ModelInfo model = checkpoints.models().defaultModel();
        ObjectNode node = Json.object();
        node.put("model", model.name());
        node.putNull("upscaler");
        node.put("width", model.width());
        node.put("height", model.height());
        node.put("steps", model.defaultSteps());
        node.put("guidance_scale", model.defaultGuidanceScale());
        Answers.send(response, node);
    }

    private static boolean acceptsHtml(ServerRequest request) {
        return Accepted.names(request, "text", "html");
    }
}
