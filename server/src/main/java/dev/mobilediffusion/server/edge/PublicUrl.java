package dev.mobilediffusion.server.edge;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.security.PublicAddress;
import dev.mobilediffusion.server.wire.Clients;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where the client of a request reaches this server, for links: as the setting says, else as a trusted proxy says, else as
 * the client asked.
 *
 * @param base scheme, authority and perhaps a path, without a slash at the end
 * @param told whether the setting or a proxy said so; then every link is whole
 */
public record PublicUrl(String base, boolean told) {

    private static final HeaderName PREFIX = HeaderNames.create("X-Forwarded-Prefix");
    private static final Pattern SCHEMES = Pattern.compile("(?i)https?");
    private static final Pattern AUTHORITY = Pattern.compile("([\\w.-]+|\\[[0-9a-fA-F:.]+])(:\\d{1,5})?");
    private static final Pattern PATHS = Pattern.compile("(/[\\w.~-]+)*/?");

    /**
     * Reads the headers of trusted proxies.
     *
     * @throws ApiException where one of those cannot be part of a URL
     */
    static PublicUrl of(ServerRequest request, PublicAddress address) {
        if (address.url().isPresent()) {
            return new PublicUrl(address.url().get(), true);
        }
        if (!address.trusts(Clients.address(request))) {
            return asAsked(request);
        }
        Optional<String> scheme = last(request, HeaderNames.X_FORWARDED_PROTO, SCHEMES, "http or https");
        Optional<String> host = forwardedHost(request, address);
        Optional<String> prefix = last(request, PREFIX, PATHS, "a path such as /draw");
        String base = scheme.orElse(ownScheme(request)) + "://" + host.orElse(ownHost(request))
                + prefix.orElse("").replaceAll("/$", "");
        return new PublicUrl(base, scheme.isPresent() || host.isPresent() || prefix.isPresent());
    }

    /** The name that a trusted proxy was asked under. */
    static Optional<String> forwardedHost(ServerRequest request, PublicAddress address) {
        return address.trusts(Clients.address(request))
                ? last(request, HeaderNames.X_FORWARDED_HOST, AUTHORITY, "a host's name, perhaps with a port")
                : Optional.empty();
    }

    /** As the gate found it. */
    public static PublicUrl of(ServerRequest request) {
        return request.context().get(PublicUrl.class).orElseGet(() -> asAsked(request));
    }

    /** A link to a path that begins with a slash: the path alone, unless a proxy may stand before it. */
    public String link(String path) {
        return told ? base + path : path;
    }

    /** A link that is whole in any case. */
    public String whole(String path) {
        return base + path;
    }

    /** Host and perhaps port. */
    String authority() {
        return base.substring(base.indexOf("://") + 3).replaceFirst("/.*", "");
    }

    private static PublicUrl asAsked(ServerRequest request) {
        return new PublicUrl(ownScheme(request) + "://" + ownHost(request), false);
    }

    private static String ownScheme(ServerRequest request) {
        return request.isSecure() ? "https" : "http";
    }

    private static String ownHost(ServerRequest request) {
        return request.headers().contains(HeaderNames.HOST)
                ? request.headers().get(HeaderNames.HOST).get()
                : request.authority();
    }

    /** The last value is the nearest proxy's own; earlier ones may be a stranger's. */
    private static Optional<String> last(ServerRequest request, HeaderName name, Pattern form, String words) {
        if (!request.headers().contains(name)) {
            return Optional.empty();
        }
        List<String> values = request.headers().get(name).allValues(true);
        String value = values.isEmpty() ? "" : values.getLast().strip();
        if (!form.matcher(value).matches()) {
            throw ApiException.invalid(
                    name.defaultCase(),
                    "%s must be %s, got '%s'",
                    name.defaultCase(),
                    words,
                    value.substring(0, Math.min(value.length(), 80)));
        }
        return Optional.of(value);
    }
}
