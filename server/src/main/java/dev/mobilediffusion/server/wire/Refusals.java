package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.transport.PeerWatch;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerResponse;

/** Status and headers of a refusal, which are the same for all APIs; each writes a body of its own. */
public final class Refusals {

    private static final HeaderName SHOULD_RETRY = HeaderNames.create("x-should-retry");

    private Refusals() {}

    /** Sends the refusal with {@code body}, which is JSON. */
    public static void send(ServerResponse response, ApiException failure, byte[] body) {
        send(response, failure, failure.code().httpStatus(), body);
    }

    /** As {@link #send(ServerResponse, ApiException, byte[])}, for an API whose clients know another status. */
    public static void send(ServerResponse response, ApiException failure, int status, byte[] body) {
        ErrorCode code = failure.code();
        failure.retryAfter()
                .ifPresent(wait -> response.header(
                        HeaderNames.RETRY_AFTER,
                        Long.toString(Math.max(1, wait.plusMillis(999).toSeconds()))));
        boolean unread = PeerWatch.current().map(PeerWatch::isBodyUnread).orElse(false);
        if (unread || code == ErrorCode.PAYLOAD_TOO_LARGE) {
            leaveBodyUnread(response);
        }
        if (code == ErrorCode.INTERNAL
                || code == ErrorCode.INFERENCE_FAILED
                || code == ErrorCode.NOT_IMPLEMENTED
                || code == ErrorCode.DEADLINE_EXCEEDED) {
            // OpenAI's SDKs repeat a request after a 5xx, which would only end the same way again
            response.header(SHOULD_RETRY, "false");
        }
        response.status(Status.create(status));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(body);
    }

    /** To be called before a reply to a request whose body was not read: the connection's next bytes are no request. */
    public static void leaveBodyUnread(ServerResponse response) {
        response.header(HeaderValues.CONNECTION_CLOSE);
        PeerWatch.current().ifPresent(PeerWatch::leaveBodyUnread);
    }
}
