package dev.mobilediffusion.server.transport;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * Answers clients that speak HTTP/2 without having asked, which is how a gRPC client comes to the wrong port: with
 * HTTP/2's own refusal, which says where gRPC is served. Without it Helidon would take the preface for a bad request.
 */
public final class Http2PrefaceSelector implements ServerConnectionSelector {

    /** How HTTP/2 begins: RFC 9113, section 3.4. */
    private static final byte[] PREFACE = {'P', 'R', 'I', ' '};

    private static final byte[] EMPTY_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    private static final byte GOAWAY = 7;
    private static final int HTTP_1_1_REQUIRED = 0xD;

    private final IntSupplier grpcPort;

    /** @param grpcPort where gRPC is served; asked when a client has come */
    public Http2PrefaceSelector(IntSupplier grpcPort) {
        this.grpcPort = grpcPort;
    }

    @Override
    public int bytesToIdentifyConnection() {
        return PREFACE.length;
    }

    @Override
    public Support supports(BufferData data) {
        return isPreface(data);
    }

    /** Unknown while there are too few bytes to tell. */
    static Support isPreface(BufferData data) {
        int known = Math.min(data.available(), PREFACE.length);
        for (int i = 0; i < known; i++) {
            if (data.get(i) != PREFACE[i]) {
                return Support.UNSUPPORTED;
            }
        }
        return known == PREFACE.length ? Support.SUPPORTED : Support.UNKNOWN;
    }

    /** Nothing that TLS could agree on: there, a client that speaks HTTP/2 alone is refused in the handshake. */
    @Override
    public Set<String> supportedApplicationProtocols() {
        return Set.of();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        return new Refusal(context, grpcPort);
    }

    private static byte[] refusal(int grpcPort) {
        byte[] reason = "this port speaks HTTP/1.1; gRPC is served at port %s"
                .formatted(grpcPort)
                .getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(EMPTY_SETTINGS.length + 17 + reason.length)
                .put(EMPTY_SETTINGS)
                .putShort((short) 0)
                .put((byte) (8 + reason.length)) // the frame's length, in three bytes
                .put(GOAWAY)
                .put((byte) 0) // no flags
                .putInt(0) // of the whole connection
                .putInt(0) // no stream was taken up
                .putInt(HTTP_1_1_REQUIRED)
                .put(reason)
                .array();
    }

    /** Says no, and ends. */
    private record Refusal(ConnectionContext context, IntSupplier grpcPort) implements ServerConnection {

        @Override
        public void handle(Limit limit) {
            context.dataReader().skip(context.dataReader().available());
            context.dataWriter().writeNow(BufferData.create(refusal(grpcPort.getAsInt())));
        }

        @Override
        public Duration idleTime() {
            return Duration.ZERO;
        }

        @Override
        public void close(boolean interrupt) {}
    }
}
