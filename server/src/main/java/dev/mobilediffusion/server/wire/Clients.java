package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.generation.ClientId;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Who sent a request: the name of the API key that let it in, else the peer's address. */
public final class Clients {

    private Clients() {}

    public static ClientId of(ServerRequest request) {
        return request.context()
                .get(ClientId.class)
                .orElseGet(() -> ClientId.ofAddress(address(request).getHostAddress()));
    }

    /** The other end of the connection, which may be a proxy. */
    public static InetAddress address(ServerRequest request) {
        return request.remotePeer().address() instanceof InetSocketAddress address && address.getAddress() != null
                ? address.getAddress()
                : InetAddress.getLoopbackAddress();
    }
}
