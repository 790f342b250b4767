package dev.mobilediffusion.server.edge;

import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.ServerRequest;
import java.util.Objects;

/**
 * What a route declares about itself, before anything decides about a request: so the key, the times and the error body
 * follow the route that Helidon found, however its path was spelled.
 *
 * <pre>{@code
 * Api jobs = Api.named("jobs");
 * jobs.declare(routing, "/v1/jobs"); // before the gate
 * }</pre>
 *
 * @param label for the metrics, of few values: each becomes a time series
 * @param errors how its clients read a refusal
 * @param challenge {@code WWW-Authenticate} of a refusal for want of a key
 * @param access who may read it
 */
public record Api(String label, ErrorForm errors, String challenge, Access access) {

    /** Who may read a route by GET or HEAD; all else always needs a key, where the server asks for keys. */
    public enum Access {
        /** Whoever has a key. */
        KEY,
        /** Everybody: it tells a stranger nothing. */
        OPEN,
        /** Everybody, also under a name that is not the server's: probes use whatever name they have. */
        PROBE
    }

    /** Routes that declare nothing, the missing ones included. */
    public static final Api OTHER = named("other");

    /** Kubernetes, Prometheus and whoever else watches. */
    static final Api OBSERVE = named("observe");

    private static final String CONTEXT = "mobilediffusion-api";

    public Api {
        Objects.requireNonNull(label, "label");
        Objects.requireNonNull(errors, "errors");
        Objects.requireNonNull(challenge, "challenge");
        Objects.requireNonNull(access, "access");
    }

    /** An API of {@code /v1}, which answers in OpenAI's form, and needs a key. */
    public static Api named(String label) {
        return new Api(label, ErrorForm.OPENAI, "Bearer", Access.KEY);
    }

    public Api withAccess(Access value) {
        return new Api(label, errors, challenge, value);
    }

    /** The one whose route serves {@code request}. */
    public static Api of(ServerRequest request) {
        return request.context().get(CONTEXT, Api.class).orElse(OTHER);
    }

    /** Declares all routes from {@code path} on, for any method; to be called before the gate is registered. */
    public void declare(HttpRules rules, String path) {
        rules.register(path, below -> below.any(mark()));
    }

    /** Declares one route, as {@link #declare} does for many. */
    public void declareOne(HttpRules rules, String path) {
        rules.any(path, mark());
    }

    /** Remembers this API for the request, and lets it go on. */
    public Handler mark() {
        return (request, response) -> {
            request.context().register(CONTEXT, this);
            response.next();
        };
    }
}
