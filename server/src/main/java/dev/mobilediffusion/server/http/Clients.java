package dev.mobilediffusion.server.http;

import dev.mobilediffusion.server.job.ClientId;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetSocketAddress;

/** Who sent a request: what a filter has put into its context, such as the name of an API key, else the peer's address. */
final class Clients {

    private Clients() {}

    static ClientId of(ServerRequest request) {
        return request.context().get(ClientId.class).orElseGet(() -> ofAddress(request));
    }

    private static ClientId ofAddress(ServerRequest request) {
        return request.remotePeer().address() instanceof InetSocketAddress address && address.getAddress() != null
                ? ClientId.ofAddress(address.getAddress().getHostAddress())
                : ClientId.ofAddress(request.remotePeer().host());
    }
}
