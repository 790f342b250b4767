package dev.mobilediffusion.server.edge;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;

/** What every answer tells a browser: run nothing but this server's own files, show them in no frame, guess no types. */
final class SecurityHeaders {

    /** The page's scripts and styles are files of their own; its images are fetched with the key, so {@code blob:}. */
    static final String CONTENT_SECURITY_POLICY = String.join(
            "; ",
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'");

    private static final List<Header> ALL = List.of(
            header("Content-Security-Policy", CONTENT_SECURITY_POLICY),
            header("X-Content-Type-Options", "nosniff"),
            header("X-Frame-Options", "DENY"),
            header("Referrer-Policy", "no-referrer"),
            header("Cross-Origin-Opener-Policy", "same-origin"),
            header("Cross-Origin-Resource-Policy", "same-origin"));

    private SecurityHeaders() {}

    static void addTo(ServerResponse response) {
        ALL.forEach(response::header);
    }

    private static Header header(String name, String value) {
        return HeaderValues.createCached(HeaderNames.create(name), value);
    }
}
