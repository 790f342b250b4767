package dev.mobilediffusion.server.grpc;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.grpc.GrpcConfig;
import io.helidon.webserver.grpc.GrpcProtocolSelector;
import io.helidon.webserver.http2.Http2Config;
import io.helidon.webserver.http2.Http2ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.net.SocketAddress;
import java.util.Set;

/**
 * Helidon's HTTP/2, on which a client that cancels, or goes away, harms nobody but itself. Put before Helidon's own
 * selector, it takes all connections with prior knowledge and all that TLS has found to be {@code h2}.
 */
final class GuardedHttp2Selector implements ServerConnectionSelector {

    /** Helidon counts every cancelled gRPC call, and ends the connection after 50 in ten seconds. */
    private static final int MAX_RESETS = 1_000;

    private static final int MAX_STREAMS = 1_024;

    private final Http2ConnectionSelector http2;
    private final Connections connections;

    GuardedHttp2Selector(Connections connections, int maxMessageBytes) {
        GrpcConfig grpc = GrpcConfig.builder()
                .maxReadBufferSize(maxMessageBytes)
                // Pictures are compressed already, and a request that grows on arrival would slip by its limit
                .enableCompression(false)
                .build();
        Http2Config config = Http2Config.builder()
                .maxConcurrentStreams(MAX_STREAMS)
                .maxRapidResets(MAX_RESETS)
                .build();
        this.http2 = Http2ConnectionSelector.builder()
                .http2Config(config)
                .addSubProtocolSelector(new GuardedGrpcSelector(GrpcProtocolSelector.create(grpc)))
                .build();
        this.connections = connections;
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http2.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http2.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http2.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        StreamLedger ledger = new StreamLedger();
        FrameWatch writer = new FrameWatch(context.dataWriter(), ledger);
        FrameFilter reader = new FrameFilter(context.dataReader(), ledger, writer::widenConnection);
        ConnectionContext guarded = new Http2Context(context, DataReader.create(reader), writer);
        SocketAddress peer = context.remotePeer().address();
        return new Http2Link(http2.connection(guarded), peer, connections.open(peer), connections);
    }
}
