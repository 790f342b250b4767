package dev.mobilediffusion.server.transport;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Set;

/**
 * Answers clients that speak TLS to a port which does not: with TLS's own refusal, so that they fail at once and say so,
 * rather than waiting for an answer. Put before the other selectors of a plain listener.
 */
public final class TlsHelloSelector implements ServerConnectionSelector {

    private static final System.Logger LOG = System.getLogger(TlsHelloSelector.class.getName());
    private static final byte HANDSHAKE = 22;

    /** A record of type alert, TLS 1.2, two bytes: fatal, handshake_failure. RFC 8446, sections 5.1 and 6. */
    private static final byte[] REFUSAL = {21, 3, 3, 0, 2, 2, 40};

    @Override
    public int bytesToIdentifyConnection() {
        return 2;
    }

    /** A ClientHello begins with its record's type and the major version 3. */
    @Override
    public Support supports(BufferData data) {
        return data.get(0) == HANDSHAKE && data.get(1) == 3 ? Support.SUPPORTED : Support.UNSUPPORTED;
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return Set.of();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        return new Refusal(context);
    }

    /** Says no, and ends. */
    private record Refusal(ConnectionContext context) implements ServerConnection {

        @Override
        public void handle(Limit limit) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} tried https:// here, but this server speaks http:// unless started with --tls",
                    context.remotePeer().host());
            context.dataReader().skip(context.dataReader().available());
            context.dataWriter().writeNow(BufferData.create(REFUSAL));
        }

        @Override
        public Duration idleTime() {
            return Duration.ZERO;
        }

        @Override
        public void close(boolean interrupt) {}
    }
}
