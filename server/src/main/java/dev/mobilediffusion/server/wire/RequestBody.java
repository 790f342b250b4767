package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpMediaType;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/** Reads a JSON request's bytes, never more than allowed, whatever the client claims. */
public final class RequestBody {

    private RequestBody() {}

    /**
     * @param maxBytes the longest body that is read
     * @throws ApiException LENGTH_REQUIRED for a chunked body, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE
     */
    public static byte[] json(ServerRequest request, long maxBytes) {
        // Helidon 4.5.0 hangs on a chunked body that turns out too long, so none is read at all
        if (request.headers().contains(HeaderNames.TRANSFER_ENCODING)) {
            throw ApiException.of(ErrorCode.LENGTH_REQUIRED, "send the body with a Content-Length, not in chunks");
        }
        requireJson(request);
        long length = request.headers().contentLength().orElse(0);
        if (length > maxBytes) {
            throw tooLarge(length, maxBytes);
        }
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        try (InputStream stream = request.content().inputStream()) {
            byte[] body = stream.readNBytes((int) maxBytes + 1);
            if (body.length > maxBytes) {
                throw tooLarge(body.length, maxBytes);
            }
            return body;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ApiException tooLarge(long length, long maxBytes) {
        return ApiException.of(
                ErrorCode.PAYLOAD_TOO_LARGE, "the body must have at most %s bytes, got %s".formatted(maxBytes, length));
    }

    private static void requireJson(ServerRequest request) {
        if (!request.headers().contains(HeaderNames.CONTENT_TYPE)) {
            return;
        }
        String text = request.headers().get(HeaderNames.CONTENT_TYPE).get();
        Optional<HttpMediaType> type = parsed(text);
        boolean json = type.map(HttpMediaType::mediaType)
                .map(media -> media.subtype().equals("json") || media.subtype().endsWith("+json"))
                .orElse(false);
        boolean utf8 = type.flatMap(HttpMediaType::charset)
                .map(charset -> charset.toUpperCase(Locale.ROOT).equals(StandardCharsets.UTF_8.name()))
                .orElse(true);
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
