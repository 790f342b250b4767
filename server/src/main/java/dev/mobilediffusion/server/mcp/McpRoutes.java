package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.RequestBody;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import java.util.Optional;

/**
 * {@code /mcp}: the protocol's streamable HTTP. A client begins a session by {@code initialize}, and sends each message
 * by a POST of its own, whose reply is the answer, after events of its progress where the client reads these.
 */
public final class McpRoutes implements HttpService {

    /** Refuses as JSON-RPC does. */
    public static final Api API = new Api("mcp", JsonRpc::refusal, "Bearer", Api.Access.KEY);

    public static final String PATH = "/mcp";

    private static final String METHODS = "POST, DELETE, OPTIONS";
    private static final HeaderName SESSION = HeaderNames.create("Mcp-Session-Id");
    private static final HeaderName VERSION = HeaderNames.create("Mcp-Protocol-Version");
    private static final String CANCELLED = "notifications/cancelled";

    private final Protocol protocol;
    private final Uploads uploads;
    private final Sessions sessions = new Sessions();
    private final ObjectMapper mapper = new ObjectMapper();

    /** @param uploads takes in messages, of which some hold images */
    public McpRoutes(Tools tools, Uploads uploads, String serverVersion) {
        this.protocol = new Protocol(tools, mapper, serverVersion);
        this.uploads = uploads;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/", uploads.limited(this::post))
                .delete("/", this::delete)
                .options("/", Routes.allow(METHODS))
                .any("/", Routes.methodNotAllowed(METHODS));
    }

    private void post(ServerRequest request, ServerResponse response) {
        ObjectNode message = Json.parseObject(RequestBody.json(request, uploads.maxBytes()));
        checkVersion(request);
        String method = message.path("method").asText();
        if (message.has("method") && message.hasNonNull("id")) {
            if (method.equals(McpSchema.METHOD_INITIALIZE)) {
                initialize(message, request, response);
            } else {
                answer(session(request), message, request, response);
            }
            return;
        }
        Session session = session(request);
        if (method.equals(CANCELLED)) {
            session.cancel(message.path("params").path("requestId"));
        } else if (!message.has("method") && !message.has("id")) {
            throw ApiException.invalid("method", "method is missing; it must be a string");
        }
        // Other notifications, and answers to requests that nobody sent, change nothing here
        response.status(Status.ACCEPTED_202).send();
    }

    private void initialize(ObjectNode message, ServerRequest request, ServerResponse response) {
        McpSchema.InitializeRequest wanted = converted(message.get("params"), McpSchema.InitializeRequest.class);
        if (wanted == null) {
            throw ApiException.invalid("params", "params is missing; it must be an object");
        }
        McpStreamableServerSession.McpStreamableServerSessionInit begun = protocol.begin(wanted);
        McpSchema.InitializeResult result = begun.initResult().block();
        sessions.add(new Session(begun.session(), Clients.of(request)));
        response.header(SESSION, begun.session().getId());
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(mapper.valueToTree(McpSchema.JSONRPCResponse.result(id(message), result))));
    }

    private void answer(Session session, ObjectNode message, ServerRequest request, ServerResponse response) {
        String method = message.get("method").asText();
        boolean tool = method.equals(McpSchema.METHOD_TOOLS_CALL);
        ObjectNode arguments = tool ? arguments(message) : Json.object();
        Call call = new Call(
                mapper,
                response,
                tool && wantsProgress(message) && readsEvents(request),
                Clients.of(request),
                arguments,
                () -> Uploads.done(request));
        JsonNode id = message.get("id");
        McpSchema.JSONRPCRequest asked =
                new McpSchema.JSONRPCRequest(method, id(message), converted(message.get("params"), Object.class));
        session.begin(id, call);
        McpStreamableServerSession.McpStreamableServerSessionStream stream =
                session.protocol().responseStream(call);
        try {
            stream.handle(asked)
                    .contextWrite(context -> context.put(McpTransportContext.KEY, call.context()))
                    .block();
        } finally {
            session.end(id, call);
            stream.close();
            call.close();
        }
    }

    /** Taken out of the message, of which the SDK makes copies: they may hold images. */
    private static ObjectNode arguments(ObjectNode message) {
        if (!(message.get("params") instanceof ObjectNode params)) {
            throw ApiException.invalid("params", "params must be an object, got %s", Json.kind(message.path("params")));
        }
        JsonNode arguments = params.path("arguments");
        if (!arguments.isMissingNode() && !arguments.isNull() && !arguments.isObject()) {
            throw ApiException.invalid(
                    "params.arguments", "params.arguments must be an object, got %s", Json.kind(arguments));
        }
        params.putObject("arguments");
        return arguments instanceof ObjectNode object ? object : Json.object();
    }

    private void delete(ServerRequest request, ServerResponse response) {
        sessions.remove(session(request));
        response.status(Status.NO_CONTENT_204).send();
    }

    private Session session(ServerRequest request) {
        String id = header(request, SESSION)
                .orElseThrow(() -> ApiException.invalid(
                        "Mcp-Session-Id", "the header Mcp-Session-Id is missing; initialize replies with one"));
        return sessions.require(id, Clients.of(request));
    }

    private static void checkVersion(ServerRequest request) {
        header(request, VERSION)
                .filter(version -> !Protocol.VERSIONS.contains(version))
                .ifPresent(version -> {
                    throw ApiException.invalid(
                            "Mcp-Protocol-Version",
                            "the header Mcp-Protocol-Version must be one of %s",
                            String.join(", ", Protocol.VERSIONS));
                });
    }

    /** Without, the answer is JSON: clients bound the length of an event, which a picture may exceed. */
    private static boolean wantsProgress(ObjectNode message) {
        return message.path("params").path("_meta").hasNonNull("progressToken");
    }

    private static boolean readsEvents(ServerRequest request) {
        return header(request, HeaderNames.ACCEPT)
                .filter(accept -> accept.contains("text/event-stream"))
                .isPresent();
    }

    private static Optional<String> header(ServerRequest request, HeaderName name) {
        return request.headers().contains(name)
                ? Optional.of(request.headers().get(name).values())
                : Optional.empty();
    }

    private static Object id(ObjectNode message) {
        JsonNode id = message.get("id");
        if (id.isTextual()) {
            return id.textValue();
        }
        if (id.isIntegralNumber()) {
            return id.numberValue();
        }
        throw ApiException.invalid("id", "id must be a string or a whole number, got %s", Json.kind(id));
    }

    private <T> T converted(JsonNode node, Class<T> type) {
        try {
            return mapper.convertValue(node, type);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("params", "params are not what the method takes");
        }
    }
}
