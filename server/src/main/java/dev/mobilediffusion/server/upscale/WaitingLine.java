package dev.mobilediffusion.server.upscale;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Who waits for a turn, or has it: few of all, and fewer of one client, so that nobody keeps the others out. Thread-safe. */
final class WaitingLine {

    static final int MAX = 8;
    static final int MAX_OF_CLIENT = 2;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Map<ClientId, Integer> present = new HashMap<>();
    private int all;

    /** @throws ApiException RATE_LIMIT_EXCEEDED when the line is full, or holds enough of this client's */
    synchronized void join(ClientId client) {
        int own = present.getOrDefault(client, 0);
        if (all >= MAX || own >= MAX_OF_CLIENT) {
            throw ApiException.retry(
                    ErrorCode.RATE_LIMIT_EXCEEDED,
                    "at most %s pictures may wait to be enlarged, %s of one client; there are %s and %s"
                            .formatted(MAX, MAX_OF_CLIENT, all, own),
                    PATIENCE);
        }
        present.put(client, own + 1);
        all++;
    }

    synchronized void leave(ClientId client) {
        all--;
        if (present.merge(client, -1, Integer::sum) == 0) {
            present.remove(client);
        }
    }
}
