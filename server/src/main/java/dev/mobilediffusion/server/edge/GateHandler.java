package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.security.Gate;
import dev.mobilediffusion.server.security.HostNames;
import dev.mobilediffusion.server.security.Origins;
import dev.mobilediffusion.server.security.PublicAddress;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Refusals;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Objects;
import java.util.Optional;

/**
 * Stands before every route: the name under which the server is asked, the web page that asks, the key. What comes in by a
 * key goes on as the key's {@link ClientId}. To be registered after the routes' {@link Api}s are declared, and before the
 * routes.
 *
 * @param gate that knows the keys
 * @param hosts under which the server may be asked
 * @param origins whose pages may ask
 * @param address how clients reach the server
 */
public record GateHandler(Gate gate, HostNames hosts, Origins origins, PublicAddress address) implements Handler {

    private static final HeaderName PRIVATE_NETWORK = HeaderNames.create("Access-Control-Request-Private-Network");
    private static final HeaderName ALLOW_PRIVATE_NETWORK = HeaderNames.create("Access-Control-Allow-Private-Network");
    /** A refused body up to this length is read and dropped, so that the connection can be used again. */
    private static final long SHORT_BODY_BYTES = 64 << 10;

    public GateHandler {
        Objects.requireNonNull(gate, "gate");
        Objects.requireNonNull(hosts, "hosts");
        Objects.requireNonNull(origins, "origins");
        Objects.requireNonNull(address, "address");
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        SecurityHeaders.addTo(response);
        Api api = Api.of(request);
        try {
            if (api.access() != Api.Access.PROBE) {
                checkHost(host(request), "Host");
                PublicUrl.forwardedHost(request, address).ifPresent(host -> checkHost(host, "X-Forwarded-Host"));
                PublicUrl url = PublicUrl.of(request, address);
                request.context().register(url);
                if (checkOrigin(request, response, url)) {
                    return;
                }
                checkKey(request, api);
            }
        } catch (ApiException refusal) {
            prepare(request, response, api, refusal);
            throw refusal;
        }
        response.next();
    }

    private void checkHost(String host, String header) {
        if (!hosts.allow(host)) {
            throw ApiException.of(
                    ErrorCode.FORBIDDEN,
                    header,
                    "this server does not answer under the name \"%s\"; its owner can list it in allowed-hosts"
                            .formatted(host.length() <= 80 ? host : host.substring(0, 80) + "…"));
        }
    }

    /** Whether the request was a browser's question beforehand, and is answered. */
    private boolean checkOrigin(ServerRequest request, ServerResponse response, PublicUrl url) {
        Optional<String> origin = header(request, HeaderNames.ORIGIN);
        if (origin.isEmpty()
                || origins.isOwn(origin.get(), host(request))
                || origins.isOwn(origin.get(), url.authority())) {
            return false;
        }
        if (!origins.areListed(origin.get())) {
            throw ApiException.of(
                    ErrorCode.FORBIDDEN,
                    "Origin",
                    "web pages of other origins may not use this server; its owner can list theirs in allowed-origins");
        }
        response.header(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin.get());
        response.header(HeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS, "*");
        response.header(HeaderNames.VARY, "Origin");
        Optional<String> method = header(request, HeaderNames.ACCESS_CONTROL_REQUEST_METHOD);
        if (method.isEmpty() || !request.prologue().method().equals(Method.OPTIONS)) {
            return false;
        }
        response.header(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE, OPTIONS");
        header(request, HeaderNames.ACCESS_CONTROL_REQUEST_HEADERS)
                .ifPresent(names -> response.header(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, names));
        response.header(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
        if (request.headers().contains(PRIVATE_NETWORK)) {
            response.header(ALLOW_PRIVATE_NETWORK, "true");
        }
        response.status(Status.NO_CONTENT_204).send();
        return true;
    }

    private void checkKey(ServerRequest request, Api api) {
        boolean reads = request.prologue().method().equals(Method.GET)
                || request.prologue().method().equals(Method.HEAD);
        if (reads && api.access() == Api.Access.OPEN) {
            return;
        }
        gate.admit(header(request, HeaderNames.AUTHORIZATION), Clients.address(request))
                .ifPresent(name -> request.context().register(ClientId.ofKey(name)));
    }

    private static void prepare(ServerRequest request, ServerResponse response, Api api, ApiException refusal) {
        if (refusal.code() == ErrorCode.INVALID_API_KEY) {
            response.header(HeaderNames.WWW_AUTHENTICATE, api.challenge());
        }
        if (request.headers().contains(HeaderNames.TRANSFER_ENCODING)
                || request.headers().contentLength().orElse(0) > SHORT_BODY_BYTES) {
            Refusals.leaveBodyUnread(response);
        }
    }

    private static String host(ServerRequest request) {
        return header(request, HeaderNames.HOST).orElseGet(request::authority);
    }

    private static Optional<String> header(ServerRequest request, HeaderName name) {
        return request.headers().contains(name)
                ? Optional.of(request.headers().get(name).get())
                : Optional.empty();
    }
}
