package dev.mobilediffusion.server.wire;

import io.helidon.http.HttpMediaType;
import io.helidon.webserver.http.ServerRequest;
import java.util.Comparator;
import java.util.List;

/** What a client accepts, by its {@code Accept}. */
public final class Accepted {

    private Accepted() {}

    /** The most wanted first; empty for a header that is absent, or no list of media types. */
    public static List<HttpMediaType> byPreference(ServerRequest request) {
        try {
            return request.headers().acceptedTypes().stream()
                    .sorted(Comparator.comparingDouble(HttpMediaType::qualityFactor)
                            .reversed())
                    .toList();
        } catch (IllegalArgumentException e) {
            return List.of();
        }
    }

    /** Whether the client names this very type. */
    public static boolean names(ServerRequest request, String type, String subtype) {
        return byPreference(request).stream()
                .map(HttpMediaType::mediaType)
                .anyMatch(media -> media.type().equals(type) && media.subtype().equals(subtype));
    }
}
