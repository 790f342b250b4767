package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.ServerResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A reply of server-sent events. Each is on the wire when the call returns; a call throws {@link
 * ServerConnectionException} when the client has gone.
 */
public final class EventStream implements AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 16;

    private final OutputStream output;

    public EventStream(ServerResponse response) {
        response.header(HeaderValues.CONTENT_TYPE_EVENT_STREAM);
        response.header(HeaderNames.CACHE_CONTROL, "no-cache");
        // Without it a proxy of nginx's kind keeps the events until the end
        response.header(HeaderNames.create("X-Accel-Buffering"), "no");
        // So that an event goes out whole, and a long one by pieces
        output = new BufferedOutputStream(response.outputStream(), BUFFER_BYTES);
    }

    public void event(String name, JsonNode data) {
        write("event: " + name + "\n", data);
    }

    public void event(long id, String name, JsonNode data) {
        write("id: " + id + "\nevent: " + name + "\n", data);
    }

    /**
     * A line that clients skip; keeps phones and proxies from hanging up. No blank line follows: it would end an event
     * without data, on which some clients choke.
     */
    public void comment(String format, Object... args) {
        write((": " + String.format(Locale.ROOT, format, args) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** JSON as Jackson writes it has no line breaks, so one data line holds it. */
    private void write(String head, JsonNode data) {
        send(() -> {
            output.write((head + "data: ").getBytes(StandardCharsets.UTF_8));
            Json.write(data, output);
            output.write("\n\n".getBytes(StandardCharsets.UTF_8));
        });
    }

    private void write(byte[] frame) {
        send(() -> output.write(frame));
    }

    private void send(Frame frame) {
        try {
            frame.write();
            output.flush();
        } catch (IOException e) {
            throw new ServerConnectionException("the client of an event stream has gone", e);
        }
    }

    @FunctionalInterface
    private interface Frame {
        void write() throws IOException;
    }

    @Override
    public void close() {
        try {
            output.close();
        } catch (IOException e) {
            throw new ServerConnectionException("the client of an event stream has gone", e);
        }
    }
}
