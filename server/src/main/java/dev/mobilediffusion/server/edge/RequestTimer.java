package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.wire.Clients;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.time.Duration;

/** Times every call for the metrics, and notes in the log which client has gone without its answer. */
public final class RequestTimer implements Filter {

    private static final System.Logger LOG = System.getLogger(RequestTimer.class.getName());

    private final ServerMetrics metrics;

    public RequestTimer(ServerMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        long begin = System.nanoTime();
        String api = api(request.path().rawPath());
        String outcome = ErrorCode.INTERNAL.label();
        try {
            chain.proceed();
            outcome = request.context()
                    .get(ErrorCode.class)
                    .map(ErrorCode::label)
                    .orElseGet(() -> outcome(response.status().code()));
        } catch (ApiException e) {
            outcome = e.code().label();
            throw e;
        } catch (CloseConnectionException e) {
            outcome = ErrorCode.CANCELLED.label();
            LOG.log(System.Logger.Level.INFO, "status=499 api={0} client={1}", api, Clients.of(request));
            throw e;
        } finally {
            metrics.requestDone(api, outcome, Duration.ofNanos(System.nanoTime() - begin));
        }
    }

    private static String outcome(int status) {
        if (status < 400) {
            return "success";
        }
        for (ErrorCode code : ErrorCode.values()) {
            if (code.httpStatus() == status) {
                return code.label();
            }
        }
        return ErrorCode.INTERNAL.label();
    }

    /** Few values, whatever paths the world asks for: each becomes a time series. */
    private static String api(String path) {
        if (path.startsWith("/v1/images")) {
            return "openai";
        }
        if (path.startsWith("/v1/jobs")) {
            return "jobs";
        }
        if (path.startsWith("/v1/models")) {
            return "models";
        }
        if (path.startsWith("/sdapi")) {
            return "a1111";
        }
        if (path.startsWith("/health") || path.equals("/metrics")) {
            return "observe";
        }
        return "other";
    }
}
