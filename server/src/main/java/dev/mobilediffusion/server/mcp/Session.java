package dev.mobilediffusion.server.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.server.generation.ClientId;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** One assistant's conversation with this server. Thread-safe. */
final class Session {

    private final McpStreamableServerSession protocol;
    private final ClientId client;
    private final Map<JsonNode, Call> calls = new ConcurrentHashMap<>();

    Session(McpStreamableServerSession protocol, ClientId client) {
        this.protocol = protocol;
        this.client = client;
    }

    McpStreamableServerSession protocol() {
        return protocol;
    }

    /** Who began it; nobody else may go on with it. */
    ClientId client() {
        return client;
    }

    /** @param id that the client gave its request */
    void begin(JsonNode id, Call call) {
        calls.put(id, call);
    }

    void end(JsonNode id, Call call) {
        calls.remove(id, call);
    }

    /** Ends the call that the client no longer wants; one that is over, or that nobody knows, is passed over. */
    void cancel(JsonNode id) {
        Call call = calls.get(id);
        if (call != null) {
            call.cancel();
        }
    }

    boolean isBusy() {
        return !calls.isEmpty();
    }
}
