package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.transport.PeerWatch;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.Refusals;
import io.helidon.http.BadRequestException;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpException;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/** Every failure in the form of the API that was called: ours, the runtime's, Helidon's, and bugs. */
public final class Errors {

    private static final System.Logger LOG = System.getLogger(Errors.class.getName());

    private Errors() {}

    /** Makes all routes answer this way. */
    public static void install(HttpRouting.Builder routing) {
        routing.error(ApiException.class, Errors::send)
                .error(InferenceException.class, (req, res, e) -> send(req, res, ApiException.of(e)))
                .error(BadRequestException.class, (req, res, e) -> send(req, res, ofHelidon(e)))
                .error(HttpException.class, (req, res, e) -> send(req, res, ofHelidon(e)))
                .error(Throwable.class, Errors::sendBug);
    }

    /** The same for requests that Helidon refuses before it looks for a route. */
    public static DirectHandlers directHandlers() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
            handlers.addHandler(type, (request, event, status, headers, message) -> direct(request, status));
        }
        return handlers.build();
    }

    /** The body of an error. */
    public static ObjectNode body(ErrorCode code, String param, String message) {
        ObjectNode node = Json.object();
        ObjectNode error = node.putObject("error");
        error.put("message", message);
        error.put("type", code.type());
        error.put("param", param.isEmpty() ? null : param);
        error.put("code", code.label());
        return node;
    }

    /** Refuses in the form of the API whose route serves {@code request}. */
    static void send(ServerRequest request, ServerResponse response, ApiException failure) {
        request.context().register(failure.code()); // for the metrics: an API's status may mean several codes
        ErrorForm.Body body = Api.of(request).errors().of(failure);
        Refusals.send(response, failure, body.status(), Json.bytes(body.json()));
    }

    private static void sendBug(ServerRequest request, ServerResponse response, Throwable bug) {
        LOG.log(System.Logger.Level.ERROR, request.prologue().method() + " failed", bug);
        send(request, response, ApiException.of(ErrorCode.INTERNAL, "the server failed to answer this request"));
    }

    private static ApiException ofHelidon(HttpException failure) {
        return ApiException.of(codeOf(failure.status()), messageOf(failure.status()));
    }

    private static DirectHandler.TransportResponse direct(DirectHandler.TransportRequest request, Status status) {
        PeerWatch.current().ifPresent(PeerWatch::leaveBodyUnread);
        // Helidon says 400 of every encoded body where none is to be decoded
        boolean encoded = status.code() == 400 && request.headers().contains(HeaderNames.CONTENT_ENCODING);
        Status told = encoded ? Status.UNSUPPORTED_MEDIA_TYPE_415 : clients(status);
        String param = encoded ? HeaderNames.CONTENT_ENCODING.defaultCase() : "";
        return DirectHandler.TransportResponse.builder()
                .status(told)
                .header(HeaderValues.CONTENT_TYPE_JSON)
                .keepAlive(false)
                .entity(Json.bytes(body(codeOf(told), param, messageOf(told))))
                .build();
    }

    /** Helidon 4.5.0 takes a method that is no token for a fault of its own. */
    private static Status clients(Status status) {
        boolean unread = PeerWatch.current().map(PeerWatch::isReadingHead).orElse(false);
        return unread && status.equals(Status.INTERNAL_SERVER_ERROR_500) ? Status.BAD_REQUEST_400 : status;
    }

    private static ErrorCode codeOf(Status status) {
        for (ErrorCode code : ErrorCode.values()) {
            if (code.httpStatus() == status.code()) {
                return code;
            }
        }
        boolean clients = status.code() < 500 || status.equals(Status.HTTP_VERSION_NOT_SUPPORTED_505);
        return clients ? ErrorCode.INVALID_REQUEST : ErrorCode.INTERNAL;
    }

    private static String messageOf(Status status) {
        return switch (status.code()) {
            case 404 -> "there is nothing at this path";
            case 413 -> "the body is too large";
            case 414 -> "the request's first line is too long, shorten its path";
            case 415 -> "an encoded body cannot be read, send it without Content-Encoding";
            case 501 -> "chunked is the one Transfer-Encoding that can be read";
            case 505 -> "this server speaks HTTP/1.1";
            default ->
                codeOf(status) == ErrorCode.INTERNAL
                        ? "the server failed to answer this request"
                        : "the request is not valid HTTP: " + status.reasonPhrase();
        };
    }
}
