package dev.mobilediffusion.server.transport;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Helidon's HTTP/1.1 with a {@link PeerWatch} on every connection. Put before Helidon's own selector, it takes them all. */
public final class WatchedHttp1Selector implements ServerConnectionSelector {

    private final Http1ConnectionSelector http1;
    private final Duration patience;
    private final Duration requestTime;
    private final int maxHeadBytes;

    /**
     * @param patience with a peer that is to send something and sends nothing, positive
     * @param requestTime for all of a request's head, and for all of its body, positive
     */
    public WatchedHttp1Selector(Http1Config config, Duration patience, Duration requestTime) {
        this.patience = patience;
        this.requestTime = requestTime;
        this.maxHeadBytes = config.maxPrologueLength() + config.maxHeadersSize();
        Http1Config listening = Http1Config.builder(config)
                .receiveListeners(List.of(ExchangeListener.RECEIVING)) // of two Helidon 4.5.0 calls neither
                .sendListeners(List.of(ExchangeListener.SENDING))
                .build();
        this.http1 = Http1ConnectionSelector.builder().config(listening).build();
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http1.bytesToIdentifyConnection();
    }

    /** All that is not HTTP/2: to a first line that is too long, or none of HTTP's, Helidon's own says nothing at all. */
    @Override
    public Support supports(BufferData data) {
        return switch (Http2PrefaceSelector.isPreface(data)) {
            case SUPPORTED -> Support.UNSUPPORTED;
            case UNSUPPORTED -> Support.SUPPORTED;
            case UNKNOWN -> Support.UNKNOWN;
        };
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http1.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        DataReader helidons = context.dataReader();
        byte[] unread = new byte[helidons.available()];
        helidons.readBuffer(unread.length).read(unread);
        PeerWatch watch = new PeerWatch(context.serverSocket(), patience, requestTime);
        byte[] head = OldRequest.readHead(unread, watch, maxHeadBytes);
        Optional<byte[]> modernized = OldRequest.modernized(head, authority(context));
        watch.unread(modernized.orElse(head));
        Exchange exchange = new Exchange(modernized.isPresent());
        ServerConnection connection = http1.connection(new WatchedContext(
                context, new ChunkReader(watch), new ReplyWriter(context.dataWriter(), exchange), exchange));
        watch.follow(exchange, ((InterruptableTask<?>) connection)::canInterrupt);
        return new WatchedConnection(connection, watch);
    }

    /** The address that the client has reached. */
    private static String authority(ConnectionContext context) {
        String host = context.localPeer().host();
        return (host.contains(":") ? "[" + host + "]" : host) + ":"
                + context.localPeer().port();
    }
}
