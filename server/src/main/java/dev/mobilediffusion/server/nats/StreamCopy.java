package dev.mobilediffusion.server.nats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.Subscription;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Copies a stream from one NATS into another with its sequence numbers, by JetStream's snapshots (NATS's ADR-37 calls them
 * backup and restore). Consumers are not copied, so that what was given out and not acknowledged is given out anew.
 */
public final class StreamCopy {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CHUNK_BYTES = 128 << 10;

    /** For a chunk from or to a disk that is slow. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private StreamCopy() {}

    /**
     * Copies; {@code to} must not have the stream.
     *
     * @throws UnusableNats when one of them says no, with its words
     * @throws IOException when one of them does not answer
     */
    public static void copy(Connection from, Connection to, String stream) throws IOException, InterruptedException {
        String inbox = from.createInbox();
        Subscription chunks = from.subscribe(inbox);
        try {
            JsonNode snapshot = ask(
                    from,
                    "$JS.API.STREAM.SNAPSHOT." + stream,
                    JSON.createObjectNode()
                            .put("deliver_subject", inbox)
                            .put("no_consumers", true)
                            .put("chunk_size", CHUNK_BYTES));
            ObjectNode restoring = JSON.createObjectNode();
            restoring.set("config", snapshot.path("config"));
            restoring.set("state", snapshot.path("state"));
            String target = ask(to, "$JS.API.STREAM.RESTORE." + stream, restoring)
                    .path("deliver_subject")
                    .asText();
            Message chunk = next(chunks, stream);
            while (chunk.getData() != null && chunk.getData().length > 0) {
                require(request(to, target, chunk.getData()));
                from.publish(chunk.getReplyTo(), new byte[0]);
                chunk = next(chunks, stream);
            }
            if (chunk.isStatusMessage()) {
                throw new UnusableNats("NATS gave up to send %s: %s"
                        .formatted(stream, chunk.getStatus().getMessage()));
            }
            require(request(to, target, new byte[0]));
        } finally {
            chunks.unsubscribe();
        }
    }

    private static Message next(Subscription chunks, String stream) throws IOException, InterruptedException {
        Message chunk = chunks.nextMessage(PATIENCE);
        if (chunk == null) {
            throw new IOException("NATS stopped sending " + stream);
        }
        return chunk;
    }

    private static JsonNode ask(Connection nats, String subject, ObjectNode question)
            throws IOException, InterruptedException {
        byte[] answer = request(nats, subject, JSON.writeValueAsBytes(question));
        require(answer);
        return JSON.readTree(answer);
    }

    private static byte[] request(Connection nats, String subject, byte[] body)
            throws IOException, InterruptedException {
        Message answer = nats.request(subject, body, PATIENCE);
        if (answer == null) {
            throw new IOException("NATS does not answer at " + subject);
        }
        return answer.getData() == null ? new byte[0] : answer.getData();
    }

    /** What NATS objects to stands in JSON, or after {@code -ERR}. */
    private static void require(byte[] answer) throws IOException {
        String text = new String(answer, StandardCharsets.UTF_8);
        String refusal = text.startsWith("{")
                ? JSON.readTree(answer).path("error").path("description").asText()
                : text.startsWith("-ERR") ? text : "";
        if (!refusal.isEmpty()) {
            throw new UnusableNats("NATS does not let a stream be copied: " + refusal);
        }
    }
}
