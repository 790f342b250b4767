package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.security.Gate;
import dev.mobilediffusion.server.security.HostNames;
import dev.mobilediffusion.server.security.Origins;
import dev.mobilediffusion.server.wire.Accepted;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Refusals;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Stands before every route: the name under which the server is asked, the web page that asks, the key. What comes in by a
 * key goes on as the key's {@link ClientId}.
 *
 * @param gate that knows the keys
 * @param hosts under which the server may be asked
 * @param origins whose pages may ask
 * @param openPaths which need no key: they must tell a stranger nothing
 */
public record GateFilter(Gate gate, HostNames hosts, Origins origins, Set<String> openPaths) implements Filter {

    private static final String LIVE = "/health/live";
    private static final HeaderName PRIVATE_NETWORK = HeaderNames.create("Access-Control-Request-Private-Network");
    private static final HeaderName ALLOW_PRIVATE_NETWORK = HeaderNames.create("Access-Control-Allow-Private-Network");
    /** A refused body up to this length is read and dropped, so that the connection can be used again. */
    private static final long SHORT_BODY_BYTES = 64 << 10;

    public GateFilter {
        Objects.requireNonNull(gate, "gate");
        Objects.requireNonNull(hosts, "hosts");
        Objects.requireNonNull(origins, "origins");
        openPaths = Set.copyOf(openPaths);
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        SecurityHeaders.addTo(response);
        String path = request.path().rawPath();
        try {
            if (!path.equals(LIVE)) {
                checkHost(request);
                if (checkOrigin(request, response)) {
                    return;
                }
                checkKey(request, path);
            }
        } catch (ApiException refusal) {
            prepare(request, response, path, refusal);
            throw refusal;
        }
        chain.proceed();
    }

    private void checkHost(RoutingRequest request) {
        String host = host(request);
        if (!hosts.allow(host)) {
            throw ApiException.of(
                    ErrorCode.FORBIDDEN,
                    "Host",
                    "this server does not answer under the name \"%s\"; its owner can list it in allowed-hosts"
                            .formatted(host.length() <= 80 ? host : host.substring(0, 80) + "…"));
        }
    }

    /** Whether the request was a browser's question beforehand, and is answered. */
    private boolean checkOrigin(RoutingRequest request, RoutingResponse response) {
        Optional<String> origin = header(request, HeaderNames.ORIGIN);
        if (origin.isEmpty() || origins.isOwn(origin.get(), host(request))) {
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

    private void checkKey(RoutingRequest request, String path) {
        boolean reads = request.prologue().method().equals(Method.GET)
                || request.prologue().method().equals(Method.HEAD);
        // The page is at / for browsers alone; programs get an answer there that tells what the server draws with
        boolean forAll = openPaths.contains(path) && (!path.equals("/") || Accepted.names(request, "text", "html"));
        if (reads && forAll) {
            return;
        }
        boolean forPicture = request.prologue().method().equals(Method.POST) && asksForPicture(path);
        gate.admit(header(request, HeaderNames.AUTHORIZATION), Clients.address(request), forPicture)
                .ifPresent(name -> request.context().register(ClientId.ofKey(name)));
    }

    private static boolean asksForPicture(String path) {
        return path.startsWith("/v1/images/")
                || path.equals("/v1/jobs")
                || path.equals("/sdapi/v1/txt2img")
                || path.equals("/sdapi/v1/img2img");
    }

    private static void prepare(RoutingRequest request, RoutingResponse response, String path, ApiException refusal) {
        if (refusal.code() == ErrorCode.INVALID_API_KEY) {
            // Basic only where clients wait for it: a browser would ask for a password in the middle of our page
            response.header(
                    HeaderNames.WWW_AUTHENTICATE, Errors.isA1111(path) ? "Basic realm=\"mobilediffusion\"" : "Bearer");
        }
        if (request.headers().contains(HeaderNames.TRANSFER_ENCODING)
                || request.headers().contentLength().orElse(0) > SHORT_BODY_BYTES) {
            Refusals.leaveBodyUnread(response);
        }
    }

    private static String host(RoutingRequest request) {
        return header(request, HeaderNames.HOST).orElseGet(request::authority);
    }

    private static Optional<String> header(RoutingRequest request, HeaderName name) {
        return request.headers().contains(name)
                ? Optional.of(request.headers().get(name).get())
                : Optional.empty();
    }
}
