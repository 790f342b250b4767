package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.RequestBody;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/** {@code /options}: what the caller has chosen. A model is loaded by the next image that needs it. */
final class OptionRoutes implements HttpService {

    private final Choices choices;
    private final long maxBodyBytes;

    OptionRoutes(Choices choices, long maxBodyBytes) {
        this.choices = choices;
        this.maxBodyBytes = maxBodyBytes;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/options", Answers.of(this::show))
                .post("/options", Answers.of(this::change))
                .any("/options", Answers.methodNotAllowed("GET, HEAD, POST"));
    }

    private void show(ServerRequest request, ServerResponse response) {
        Answers.send(response, choices.json(choices.of(Clients.of(request))));
    }

    private void change(ServerRequest request, ServerResponse response) {
        ObjectNode options = Json.parseObject(RequestBody.json(request, maxBodyBytes));
        ClientId caller = Clients.of(request);
        choices.set(caller, choices.changed(choices.of(caller), options));
        Answers.sendNull(response);
    }
}
