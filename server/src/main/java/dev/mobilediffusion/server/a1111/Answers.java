package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.edge.ErrorForm;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.LongReply;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Locale;

/** Replies and refusals in the form that A1111's clients read: a wrong field is FastAPI's 422, all else a sentence. */
final class Answers {

    private static final int UNPROCESSABLE = 422;
    private static final HeaderName PROCESS_TIME = HeaderNames.create("X-Process-Time");

    private Answers() {}

    /** The handler with its time in a header. */
    static Handler of(Handler handler) {
        return (request, response) -> {
            long begin = System.nanoTime();
            // Helidon 4.5.0 calls this too late in HTTP/2, where no header can be set any more
            if (request.prologue().protocolVersion().startsWith("1.")) {
                response.beforeSend(() -> response.header(
                        PROCESS_TIME, String.format(Locale.ROOT, "%.4f", (System.nanoTime() - begin) / 1e9)));
            }
            handler.handle(request, response);
        };
    }

    static void send(ServerResponse response, JsonNode body) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
        response.send(Json.bytes(body));
    }

    /** @param images that stand in {@code body} in base64 */
    static void send(ServerResponse response, JsonNode body, List<JobImage> images) {
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
        LongReply.json(response, body, images);
    }

    static void sendNull(ServerResponse response) {
        send(response, NullNode.getInstance());
    }

    static Handler methodNotAllowed(String methods) {
        return of((request, response) -> {
            response.header(HeaderNames.ALLOW, methods);
            throw ApiException.of(ErrorCode.METHOD_NOT_ALLOWED, "this path allows " + methods);
        });
    }

    static Handler notFound() {
        return of((request, response) -> {
            throw ApiException.of(ErrorCode.NOT_FOUND, "Not Found");
        });
    }

    /** A refusal as A1111's clients read it. */
    static ErrorForm.Body refusal(ApiException failure) {
        return failure.code() == ErrorCode.INVALID_REQUEST
                ? new ErrorForm.Body(UNPROCESSABLE, fieldError(failure))
                : new ErrorForm.Body(failure.code().httpStatus(), sentence(failure));
    }

    private static ObjectNode fieldError(ApiException failure) {
        ObjectNode body = Json.object();
        ObjectNode detail = body.putArray("detail").addObject();
        ArrayNode location = detail.putArray("loc").add("body");
        if (!failure.param().isEmpty()) {
            location.add(failure.param());
        }
        detail.put("msg", failure.getMessage());
        detail.put("type", "value_error");
        return body;
    }

    private static ObjectNode sentence(ApiException failure) {
        ObjectNode body = Json.object();
        body.put("error", failure.code().label());
        body.put("detail", failure.getMessage());
        body.put("body", "");
        body.put("errors", failure.getMessage());
        return body;
    }
}
