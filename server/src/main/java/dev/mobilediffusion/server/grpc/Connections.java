package dev.mobilediffusion.server.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The open connections by their peers' addresses: bounds their number, and lets a call close the one that it came by.
 * Thread-safe; connections are added by the one thread that accepts them.
 */
final class Connections implements ServerInterceptor {

    /** Closes the connection of the call that this thread serves, whatever of it is unsent: grpc-java offers no such thing. */
    static final Context.Key<Runnable> DISCONNECT = Context.keyWithDefault("mobilediffusion-disconnect", () -> {});

    private final Map<SocketAddress, Channel> open = new ConcurrentHashMap<>();
    private final int max;

    /** @param max that may be open at the same time, positive */
    Connections(int max) {
        this.max = max;
    }

    int max() {
        return max;
    }

    /** Counts {@code connection} until it is closed; false, and it is not counted, when there are too many. */
    boolean add(Channel connection) {
        SocketAddress peer = connection.remoteAddress();
        if (open.size() >= max || peer == null) {
            return false;
        }
        open.put(peer, connection);
        connection.closeFuture().addListener(closed -> open.remove(peer, connection));
        return true;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        Context context = Context.current().withValue(DISCONNECT, () -> disconnect(peer));
        return Contexts.interceptCall(context, call, headers, next);
    }

    private void disconnect(SocketAddress peer) {
        Channel connection = open.get(peer);
        if (connection != null) {
            // Past the HTTP/2 handler, which would first wait for its streams to end
            Future<?> unused = connection.pipeline().firstContext().close();
        }
    }
}
