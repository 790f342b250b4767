package dev.mobilediffusion.server.mcp;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The sessions that go on, at most {@value #MAX}: assistants seldom say that they leave, so the one that was silent for
 * longest makes room, and begins anew when it comes back. Thread-safe.
 */
final class Sessions {

    static final int MAX = 64;

    private final Map<String, Session> known = new LinkedHashMap<>(16, 0.75f, true);

    synchronized void add(Session session) {
        if (known.size() >= MAX) {
            known.remove(eldest());
        }
        known.put(session.protocol().getId(), session);
    }

    /** @throws ApiException NOT_FOUND, at which a client begins anew, as the protocol has it */
    synchronized Session require(String id, ClientId client) {
        return Optional.ofNullable(known.get(id))
                .filter(session -> session.client().equals(client))
                .orElseThrow(() -> ApiException.of(
                        ErrorCode.NOT_FOUND, "Mcp-Session-Id", "there is no such session; begin one by initialize"));
    }

    synchronized void remove(Session session) {
        known.remove(session.protocol().getId());
    }

    private String eldest() {
        return known.entrySet().stream()
                .filter(entry -> !entry.getValue().isBusy())
                .findFirst()
                .orElseGet(() -> known.entrySet().iterator().next())
                .getKey();
    }
}
