package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.security.Gate;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.health.v1.HealthGrpc;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Who calls: the name of the API key in the metadata {@code authorization}, else the peer's address.
 *
 * @param gate that knows the keys
 * @param openHealth whether the health service needs no key
 */
record Callers(Gate gate, boolean openHealth) {

    /** The caller of the call that this thread serves. */
    static final Context.Key<ClientId> CURRENT = Context.key("mobilediffusion-caller");

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /** @throws dev.mobilediffusion.server.error.ApiException without a key, where one is asked for */
    ClientId admit(ServerCall<?, ?> call, Metadata headers) {
        if (openHealth
                && HealthGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
            return ofAddress(call);
        }
        return gate.admit(Optional.ofNullable(headers.get(AUTHORIZATION)), address(call))
                .map(ClientId::ofKey)
                .orElseGet(() -> ofAddress(call));
    }

    static ClientId ofAddress(ServerCall<?, ?> call) {
        return ClientId.ofAddress(address(call).getHostAddress());
    }

    private static InetAddress address(ServerCall<?, ?> call) {
        return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof InetSocketAddress peer
                        && peer.getAddress() != null
                ? peer.getAddress()
                : InetAddress.getLoopbackAddress();
    }
}
