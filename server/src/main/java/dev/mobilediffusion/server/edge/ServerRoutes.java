package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.util.Objects;
import java.util.function.IntSupplier;

/**
 * {@code /v1/server}: what a client may want to know of the server itself.
 *
 * @param version of the program
 * @param grpcPort where gRPC is served
 */
public record ServerRoutes(String version, IntSupplier grpcPort) implements HttpService {

    public ServerRoutes {
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(grpcPort, "grpcPort");
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/", (request, response) -> {
                    ObjectNode node = Json.object();
                    node.put("version", version);
                    node.put("grpc_port", grpcPort.getAsInt());
                    response.header(HeaderValues.CONTENT_TYPE_JSON);
                    response.send(Json.bytes(node));
                })
                .any("/", Routes.methodNotAllowed("GET"));
    }
}
