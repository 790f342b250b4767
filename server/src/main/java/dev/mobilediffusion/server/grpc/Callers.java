package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.job.ClientId;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.ServerCall;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Who calls, for fairness between clients: so far the peer's address. */
final class Callers {

    /** The caller of the call that this thread serves. */
    static final Context.Key<ClientId> CURRENT = Context.key("mobilediffusion-caller");

    private Callers() {}

    static ClientId of(ServerCall<?, ?> call) {
        SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        return peer instanceof InetSocketAddress address && address.getAddress() != null
                ? ClientId.ofAddress(address.getAddress().getHostAddress())
                : ClientId.ofAddress(String.valueOf(peer));
    }
}
