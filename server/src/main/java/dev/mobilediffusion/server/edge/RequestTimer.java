package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.wire.Clients;
import io.helidon.http.HttpException;
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
        } catch (InferenceException e) {
            outcome = ApiException.of(e).code().label();
            throw e;
        } catch (HttpException e) {
            outcome = outcome(e.status().code());
            throw e;
        } catch (CloseConnectionException e) {
            outcome = ErrorCode.CANCELLED.label();
            LOG.log(
                    System.Logger.Level.INFO,
                    "status=499 api={0} client={1}",
                    Api.of(request).label(),
                    Clients.of(request));
            throw e;
        } finally {
            metrics.requestDone(Api.of(request).label(), outcome, Duration.ofNanos(System.nanoTime() - begin));
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
}
