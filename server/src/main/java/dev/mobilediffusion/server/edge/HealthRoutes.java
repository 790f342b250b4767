package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.wire.Accepted;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import java.util.function.Supplier;

/** {@code /health/live}, {@code /health/ready} and {@code /metrics}, which must answer while the worker works. */
public final class HealthRoutes implements HttpService {

    private static final String RETRY_SECONDS = "5";

    private final Supplier<Optional<String>> obstacle;
    private final ServerMetrics metrics;

    /** @param obstacle why the server is not ready, a sentence; empty when it is */
    public HealthRoutes(Supplier<Optional<String>> obstacle, ServerMetrics metrics) {
        this.obstacle = obstacle;
        this.metrics = metrics;
    }

    /** @param openReady whether readiness needs no key; {@code openMetrics} likewise */
    public void declare(HttpRules rules, boolean openReady, boolean openMetrics) {
        Api.OBSERVE.withAccess(Api.Access.PROBE).declareOne(rules, "/health/live");
        Api.OBSERVE.withAccess(openReady ? Api.Access.OPEN : Api.Access.KEY).declareOne(rules, "/health/ready");
        Api.OBSERVE.withAccess(openMetrics ? Api.Access.OPEN : Api.Access.KEY).declareOne(rules, "/metrics");
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/health/live", (request, response) -> send(response, "alive"))
                .any("/health/live", Routes.methodNotAllowed("GET, HEAD"))
                .get("/health/ready", this::sendReadiness)
                .any("/health/ready", Routes.methodNotAllowed("GET, HEAD"))
                .get("/metrics", this::scrape)
                .any("/metrics", Routes.methodNotAllowed("GET, HEAD"));
    }

    private void sendReadiness(ServerRequest request, ServerResponse response) {
        Optional<String> reason = obstacle.get();
        if (reason.isEmpty()) {
            send(response, "ready");
            return;
        }
        response.status(Status.SERVICE_UNAVAILABLE_503);
        response.header(HeaderNames.RETRY_AFTER, RETRY_SECONDS);
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(Errors.body(ErrorCode.NOT_READY, "", reason.get())));
    }

    private void scrape(ServerRequest request, ServerResponse response) {
        String type = Accepted.names(request, "application", "openmetrics-text")
                ? ServerMetrics.OPEN_METRICS
                : ServerMetrics.PROMETHEUS_TEXT;
        response.header(HeaderNames.CONTENT_TYPE, type);
        response.send(metrics.scrape(type));
    }

    private static void send(ServerResponse response, String status) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
        response.send(Json.bytes(Json.object().put("status", status)));
    }
}
