package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.transport.PeerWatch;
import dev.mobilediffusion.server.transport.SlowBodyException;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpMediaType;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads a JSON request's bytes, never more than allowed, whatever the client claims. */
public final class RequestBody {

    /** The charset's name and its commonest misspelling; ASCII is a part of it. */
    private static final Set<String> UTF_8 = Set.of("utf-8", "utf8", "us-ascii");

    private RequestBody() {}

    /**
     * @param maxBytes the longest body that is read
     * @throws ApiException PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, REQUEST_TIMEOUT, INVALID_REQUEST for chunks that are none
     */
    public static byte[] json(ServerRequest request, long maxBytes) {
        requireJson(request);
        return bytes(request, maxBytes);
    }

    /** As {@link #json}, of any media type. */
    static byte[] bytes(ServerRequest request, long maxBytes) {
        long length = request.headers().contentLength().orElse(0);
        if (length > maxBytes) {
            throw tooLarge("got " + length, maxBytes);
        }
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        // Closed at its end alone: Helidon 4.5.0 reads what a refused client may never send
        InputStream stream = request.content().inputStream();
        try (PeerWatch.Registration limited =
                PeerWatch.current().map(PeerWatch::readBody).orElse(() -> {})) {
            byte[] body = stream.readNBytes((int) maxBytes + 1);
            if (body.length > maxBytes) {
                throw tooLarge("got more", maxBytes);
            }
            stream.close();
            return body;
        } catch (SlowBodyException e) {
            PeerWatch.current().ifPresent(PeerWatch::leaveBodyUnread);
            throw ApiException.of(ErrorCode.REQUEST_TIMEOUT, e.getMessage());
        } catch (RequestException e) {
            PeerWatch.current().ifPresent(PeerWatch::leaveBodyUnread);
            throw e.status().equals(Status.REQUEST_ENTITY_TOO_LARGE_413)
                    ? tooLarge("in chunks of at most 1048576, got more", maxBytes)
                    : ApiException.invalid("", "the body's chunks are not as HTTP/1.1 has them: %s", e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ApiException tooLarge(String got, long maxBytes) {
        return ApiException.of(
                ErrorCode.PAYLOAD_TOO_LARGE, "the body must have at most %s bytes, %s".formatted(maxBytes, got));
    }

    private static void requireJson(ServerRequest request) {
        if (!request.headers().contains(HeaderNames.CONTENT_TYPE)) {
            return;
        }
        String text = request.headers().get(HeaderNames.CONTENT_TYPE).get();
        // Media types and charsets are the same in any case: RFC 9110, sections 8.3.1 and 8.3.2
        Optional<HttpMediaType> type = parsed(text.toLowerCase(Locale.ROOT));
        boolean json = type.map(HttpMediaType::mediaType)
                .map(media -> media.subtype().equals("json") || media.subtype().endsWith("+json"))
                .orElse(false);
        boolean utf8 = type.flatMap(HttpMediaType::charset).map(UTF_8::contains).orElse(true);
        if (!json || !utf8) {
            throw ApiException.of(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type",
                    "Content-Type must be application/json in UTF-8, got " + text);
        }
    }

    private static Optional<HttpMediaType> parsed(String text) {
        try {
            return Optional.of(HttpMediaType.create(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
