package dev.mobilediffusion.server.edge;

import io.helidon.common.uri.UriPath;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;

/**
 * Brings a request into the one form that routes know: HEAD is GET, of which the connection leaves the body out, and a slash
 * at a path's end means nothing.
 */
public final class RequestForm implements Filter {

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        HttpPrologue prologue = request.prologue();
        String path = prologue.uriPath().rawPath();
        boolean head = prologue.method().equals(Method.HEAD);
        boolean slash = path.length() > 1 && path.endsWith("/");
        if (head || slash) {
            request.prologue(HttpPrologue.create(
                    prologue.rawProtocol(),
                    prologue.protocol(),
                    prologue.protocolVersion(),
                    head ? Method.GET : prologue.method(),
                    slash ? UriPath.create(path.substring(0, path.length() - 1)) : prologue.uriPath(),
                    prologue.query(),
                    prologue.fragment()));
        }
        chain.proceed();
    }
}
