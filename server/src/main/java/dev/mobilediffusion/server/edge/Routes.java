package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;

/** Answers that every path needs: Helidon by itself says 404 to a wrong method, and says it without a body. */
public final class Routes {

    private Routes() {}

    /** For OPTIONS. */
    public static Handler allow(String methods) {
        return (request, response) -> {
            response.header(HeaderNames.ALLOW, methods);
            response.status(Status.NO_CONTENT_204).send();
        };
    }

    /** To be registered last for a path and any method. */
    public static Handler methodNotAllowed(String methods) {
        return (request, response) -> {
            response.header(HeaderNames.ALLOW, methods);
            Errors.send(
                    request,
                    response,
                    ApiException.of(
                            ErrorCode.METHOD_NOT_ALLOWED,
                            "this path allows %s, got %s"
                                    .formatted(
                                            methods, request.prologue().method().text())));
        };
    }

    /** To be registered last of all. */
    public static Handler notFound() {
        return (request, response) ->
                Errors.send(request, response, ApiException.of(ErrorCode.NOT_FOUND, "there is nothing at this path"));
    }
}
