package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.edge.EventStream;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.wire.LongReply;
import io.helidon.webserver.http.ServerResponse;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import reactor.core.publisher.Mono;

/**
 * One request of a session, on its way in and out: answered by events where progress is to be told, else by JSON. Owned by
 * the thread that serves the request, but for {@link #cancel}.
 */
final class Call implements McpStreamableServerTransport {

    private static final String KEY = "call";

    private final ObjectMapper mapper;
    private final ServerResponse response;
    private final boolean events;
    private final ClientId client;
    private final ObjectNode arguments;
    private final Runnable onRead;
    private final List<ImageContent> images = new ArrayList<>();
    private Optional<EventStream> stream = Optional.empty();
    private Runnable onCancel = () -> {};
    private boolean cancelled;

    /**
     * @param events whether the client reads events, and there will be some
     * @param arguments of the tool
     * @param onRead is called when none of the arguments' images is held any more
     */
    Call(
            ObjectMapper mapper,
            ServerResponse response,
            boolean events,
            ClientId client,
            ObjectNode arguments,
            Runnable onRead) {
        this.mapper = mapper;
        this.response = response;
        this.events = events;
        this.client = client;
        this.arguments = arguments;
        this.onRead = onRead;
    }

    static Call of(McpSyncServerExchange exchange) {
        return (Call) exchange.transportContext().get(KEY);
    }

    /** How a tool finds this call again. */
    McpTransportContext context() {
        return McpTransportContext.create(Map.of(KEY, this));
    }

    ClientId client() {
        return client;
    }

    ObjectNode arguments() {
        return arguments;
    }

    /** To be called when none of the arguments' images is held any more. */
    void read() {
        onRead.run();
    }

    /** An image for the result, whose bytes go from its file to the client without being text in between. */
    McpSchema.ImageContent image(ImageContent content, String mediaType) {
        images.add(content);
        return McpSchema.ImageContent.builder(Integer.toString(images.size() - 1), mediaType)
                .build();
    }

    /** Calls {@code action} when the client no longer wants the result; at once when that was before. */
    void onCancel(Runnable action) {
        boolean already;
        synchronized (this) {
            already = cancelled;
            onCancel = action;
        }
        if (already) {
            action.run();
        }
    }

    /** On any thread. */
    void cancel() {
        Runnable action;
        synchronized (this) {
            cancelled = true;
            action = onCancel;
        }
        action.run();
    }

    synchronized boolean isCancelled() {
        return cancelled;
    }

    /** Keeps phones and proxies from hanging up. */
    void signOfLife() {
        if (events) {
            open().comment("working");
        }
    }

    @Override
    public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
        return sendMessage(message, "");
    }

    /** The id is not sent: nothing is kept that could be asked for again by it. */
    @Override
    public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message, String id) {
        return Mono.fromRunnable(() -> send(message));
    }

    @Override
    public Mono<Void> closeGracefully() {
        return Mono.fromRunnable(this::close);
    }

    @Override
    public void close() {
        stream.ifPresent(EventStream::close);
        stream = Optional.empty();
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
        return mapper.convertValue(data, mapper.constructType(type.getType()));
    }

    private void send(McpSchema.JSONRPCMessage message) {
        boolean answer = message instanceof McpSchema.JSONRPCResponse;
        if (answer && isCancelled()) {
            open(); // so that the reply is an empty stream: a cancelled request has no answer
            return;
        }
        JsonNode node = withImages(mapper.valueToTree(message));
        if (events) {
            images.forEach(ImageContent::check); // an event that has begun cannot become an error
            open().event("message", node);
        } else if (answer) {
            LongReply.withContents(response, node, images);
        }
    }

    private EventStream open() {
        if (stream.isEmpty()) {
            stream = Optional.of(new EventStream(response));
        }
        return stream.get();
    }

    private JsonNode withImages(JsonNode message) {
        for (JsonNode content : message.path("result").path("content")) {
            if (content.path("type").asText().equals("image")) {
                int index = Integer.parseInt(content.get("data").asText());
                ((ObjectNode) content).putPOJO("data", images.get(index));
            }
        }
        return message;
    }
}
