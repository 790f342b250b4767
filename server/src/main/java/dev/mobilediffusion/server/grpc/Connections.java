package dev.mobilediffusion.server.grpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The open connections by their peer's address and port, which is all that a call knows of its connection. */
final class Connections {

    private final Map<SocketAddress, OpenCalls> byPeer = new ConcurrentHashMap<>();

    OpenCalls open(SocketAddress peer) {
        OpenCalls calls = new OpenCalls();
        byPeer.put(peer, calls);
        return calls;
    }

    void close(SocketAddress peer, OpenCalls calls) {
        byPeer.remove(peer, calls);
        calls.end();
    }

    /** The calls of the connection that a call came by; a set of its own where the connection has just ended. */
    OpenCalls of(Attributes call) {
        SocketAddress peer = call.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        OpenCalls calls = peer == null ? null : byPeer.get(peer);
        if (calls == null) {
            calls = new OpenCalls();
            calls.end();
        }
        return calls;
    }
}
