package dev.mobilediffusion.server.openai;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.wire.Accepted;
import io.helidon.http.HttpMediaType;
import io.helidon.webserver.http.ServerRequest;
import java.util.Optional;

/** What a client wants back, by its {@code Accept}. */
final class Negotiation {

    private Negotiation() {}

    /**
     * The format in which to send the image itself; empty for JSON, which is also the answer to an Accept that nothing
     * here fits.
     *
     * @param otherwise for {@code image/*}
     */
    static Optional<ImageFormat> image(ServerRequest request, ImageFormat otherwise) {
        for (HttpMediaType accepted : Accepted.byPreference(request)) {
            String type = accepted.mediaType().type();
            String subtype = accepted.mediaType().subtype();
            if (type.equals("*") || type.equals("application")) {
                return Optional.empty();
            }
            if (type.equals("image")) {
                if (subtype.equals("*")) {
                    return Optional.of(otherwise);
                }
                for (ImageFormat format : ImageFormat.values()) {
                    if (format.mediaType().equals("image/" + subtype)) {
                        return Optional.of(format);
                    }
                }
            }
        }
        return Optional.empty();
    }
}
