package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.security.ServerCertificate;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLException;

/**
 * grpc-java's own server on a port of its own: one thread for all connections, a virtual one for each call. What a client
 * without a key can hold is bounded: connections, the time of a handshake
 * and of a request, the size of headers, idle connections.
 */
public final class GrpcListener implements AutoCloseable {

    /** Calls at a time on one connection; a client library lets others wait. */
    static final int MAX_CALLS = 1_024;

    /** What a client may send before it is read. A fixed window also spares the pings by which Netty would measure one. */
    private static final int WINDOW_BYTES = LargeMessages.SHORT_BYTES;

    private static final Duration HANDSHAKE = Duration.ofSeconds(10);

    /** A peer that does not answer a ping has lost its network, and its calls end. */
    private static final Duration PING_AFTER = Duration.ofSeconds(30);

    private static final Duration PING_PATIENCE = Duration.ofSeconds(15);

    /** Clients that ping more often are sent away. */
    private static final Duration MIN_PING_INTERVAL = Duration.ofSeconds(5);

    /** Of streams that clients reset, in each window: more is an attack (CVE-2023-44487). */
    private static final int MAX_RESETS = 1_000;

    private static final Duration RESET_WINDOW = Duration.ofSeconds(10);

    /** Cancelled calls and broken frames are no news, yet it logs them with stack traces; any stranger could fill the disk. */
    private static final List<Logger> CHATTY = List.of(
            Logger.getLogger("io.grpc.netty"), Logger.getLogger("io.netty"), Logger.getLogger("io.grpc.internal"));

    private final Server server;
    private final EventLoopGroup io;
    private final ExecutorService calls;
    private final ScheduledExecutorService timer;

    private GrpcListener(Server server, EventLoopGroup io, ExecutorService calls, ScheduledExecutorService timer) {
        this.server = server;
        this.io = io;
        this.calls = calls;
        this.timer = timer;
    }

    /**
     * Listens, and answers from now on.
     *
     * @param address with port 0 for any that is free
     * @param certificate to encrypt with; empty for plain text
     * @throws IOException when the address is taken or does not exist
     * @throws SSLException when the certificate cannot be used
     */
    static GrpcListener start(
            InetSocketAddress address,
            GrpcLimits limits,
            Optional<ServerCertificate> certificate,
            List<ServerServiceDefinition> services)
            throws IOException {
        CHATTY.forEach(logger -> logger.setLevel(Level.OFF));
        EventLoopGroup io = new NioEventLoopGroup(1, daemon("grpc-io"));
        ExecutorService calls = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("grpc-call-", 0).factory());
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemon("grpc-clock"));
        timer.setRemoveOnCancelPolicy(true); // of calls that came in time nothing is kept
        Connections connections = new Connections(limits.maxConnections());
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address)
                .channelFactory(() -> new BoundedAcceptor(connections))
                .intercept(connections)
                .intercept(new RequestClock(limits.requestTimeout(), timer))
                .bossEventLoopGroup(io)
                .workerEventLoopGroup(io)
                .executor(calls)
                .handshakeTimeout(
                        Math.min(HANDSHAKE.toMillis(), limits.idleTimeout().toMillis()), TimeUnit.MILLISECONDS)
                .maxConnectionIdle(limits.idleTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTime(PING_AFTER.toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(PING_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .permitKeepAliveTime(MIN_PING_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)
                .permitKeepAliveWithoutCalls(true)
                .flowControlWindow(WINDOW_BYTES)
                .maxConcurrentCallsPerConnection(MAX_CALLS)
                .maxRstFramesPerWindow(MAX_RESETS, Math.toIntExact(RESET_WINDOW.toSeconds()))
                .maxInboundMetadataSize(limits.maxHeaderBytes())
                .maxInboundMessageSize(GrpcApi.MAX_REQUEST_BYTES)
                .addStreamTracerFactory(new LargeMessages())
                .addServices(services);
        boolean started = false;
        try {
            if (certificate.isPresent()) {
                builder.sslContext(tls(certificate.get()));
            }
            GrpcListener listener = new GrpcListener(builder.build().start(), io, calls, timer);
            started = true;
            return listener;
        } finally {
            if (!started) {
                end(io);
                calls.shutdown();
                timer.shutdownNow();
            }
        }
    }

    public int port() {
        return server.getPort();
    }

    /** Takes no new call, lets the open ones end within {@code patience}, and then ends them. */
    public void stop(Duration patience) {
        server.shutdown();
        try {
            if (!server.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                server.shutdownNow();
                server.awaitTermination(1, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        } finally {
            calls.shutdownNow();
            timer.shutdownNow();
            end(io);
        }
    }

    /** Its thread is a daemon, so that nobody need wait for it. */
    private static void end(EventLoopGroup io) {
        Future<?> unused = io.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        stop(Duration.ZERO);
    }

    /** Java's own TLS, as for HTTP. The suites are Netty's for HTTP/2: authenticated ones with forward secrecy alone. */
    private static SslContext tls(ServerCertificate certificate) throws SSLException {
        return GrpcSslContexts.configure(
                        SslContextBuilder.forServer(certificate.privateKey(), certificate.chain()), SslProvider.JDK)
                .protocols("TLSv1.3", "TLSv1.2")
                .build();
    }

    private static ThreadFactory daemon(String name) {
        return Thread.ofPlatform().daemon().name(name).factory();
    }
}
