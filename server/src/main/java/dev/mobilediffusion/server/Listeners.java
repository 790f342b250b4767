package dev.mobilediffusion.server;

import dev.mobilediffusion.server.edge.Errors;
import dev.mobilediffusion.server.grpc.GrpcApi;
import dev.mobilediffusion.server.grpc.GrpcLimits;
import dev.mobilediffusion.server.grpc.GrpcListener;
import dev.mobilediffusion.server.security.ServerCertificate;
import dev.mobilediffusion.server.transport.Http2PrefaceSelector;
import dev.mobilediffusion.server.transport.TlsHelloSelector;
import dev.mobilediffusion.server.transport.WatchedHttp1Selector;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/** The server's two ports: HTTP/1.1 by Helidon, and gRPC by grpc-java; see {@code docs/adr/0016}. */
final class Listeners {

    /** Up to here a request that is too long is refused by its route, unread, in a sentence with the route's bound. */
    private static final long TOLD_BYTES = 64L << 20;

    /** For replies that are being written when the worker has ended. */
    private static final Duration LAST_REPLIES = Duration.ofSeconds(2);

    private final ServerConfig config;
    private final Optional<ServerCertificate> certificate;
    private final GrpcApi grpc;
    private final WebServer http;
    private Optional<GrpcListener> grpcListener = Optional.empty();

    Listeners(ServerConfig config, Optional<ServerCertificate> certificate, HttpRouting.Builder routing, GrpcApi grpc) {
        this.config = config;
        this.certificate = certificate;
        this.grpc = grpc;
        this.http = http(routing);
    }

    /** @throws IllegalStateException when one of the ports cannot be listened at */
    void start() {
        startHttp();
        startGrpc();
    }

    int port() {
        return http.port();
    }

    /** 0 before the start. */
    int grpcPort() {
        return grpcListener.map(GrpcListener::port).orElse(0);
    }

    void stop() {
        grpcListener.ifPresent(open -> open.stop(LAST_REPLIES));
        http.stop();
    }

    private void startHttp() {
        String refusal =
                "cannot listen at %s port %s; is another server running there? --port takes another, 0 any that is free"
                        .formatted(config.host(), config.port());
        try {
            http.start();
        } catch (RuntimeException e) {
            throw new IllegalStateException(refusal, e);
        }
        // Helidon 4.5.0 logs a port that is taken, and returns as if all were well
        if (!http.isRunning()) {
            throw new IllegalStateException(refusal);
        }
    }

    private void startGrpc() {
        HttpLimits limits = config.http();
        int port = config.grpcPortToListenAt();
        try {
            grpcListener = Optional.of(grpc.listen(
                    new InetSocketAddress(config.host(), port),
                    new GrpcLimits(
                            limits.maxConnections(),
                            limits.maxHeaderBytes(),
                            limits.idleTimeout(),
                            limits.bodyTimeout()),
                    certificate));
        } catch (IOException e) {
            throw new IllegalStateException(
                    "cannot listen for gRPC at %s port %s; is another server running there? --grpc-port takes another, 0 any that is free"
                            .formatted(config.host(), port),
                    e);
        }
    }

    private WebServer http(HttpRouting.Builder routing) {
        HttpLimits limits = config.http();
        Http1Config http1 =
                Http1Config.builder().maxHeadersSize(limits.maxHeaderBytes()).build();
        WebServerConfig.Builder builder = WebServer.builder()
                .host(config.host())
                .port(config.port())
                // Ours runs first the queue, then the listener; Helidon's own would run beside it
                .shutdownHook(false)
                .shutdownGracePeriod(LAST_REPLIES)
                // With Nagle's algorithm the last part of a reply would wait up to 40 ms for the client's delayed
                // acknowledgement of those before: RFC 896, RFC 1122 section 4.2.3.2
                .connectionOptions(options -> options.tcpNoDelay(true))
                .maxPayloadSize(Math.max(limits.maxUploadBytes(), TOLD_BYTES))
                .maxTcpConnections(limits.maxConnections())
                .idleConnectionTimeout(limits.idleTimeout())
                .idleConnectionPeriod(limits.idleTimeout().dividedBy(4).plusMillis(1))
                .directHandlers(Errors.directHandlers())
                .addConnectionSelector(new TlsHelloSelector())
                .addConnectionSelector(new Http2PrefaceSelector(this::grpcPort))
                .addConnectionSelector(new WatchedHttp1Selector(http1, limits.idleTimeout(), limits.bodyTimeout()))
                .addRouting(routing);
        certificate.map(Encryption::tls).ifPresent(builder::tls);
        return builder.build();
    }
}
