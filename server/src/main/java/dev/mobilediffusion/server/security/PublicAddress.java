package dev.mobilediffusion.server.security;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * How clients reach a server that stands behind proxies.
 *
 * @param url of the server as clients see it, such as {@code https://example.org/draw}, without a slash at the end
 * @param proxies whose {@code X-Forwarded-*} headers are believed: addresses and ranges
 */
public record PublicAddress(Optional<String> url, Set<String> proxies) {

    /** Clients reach the server itself. */
    public static final PublicAddress NONE = new PublicAddress(Optional.empty(), Set.of());

    public PublicAddress {
        url = url.map(PublicAddress::plain);
        proxies = Set.copyOf(proxies);
        proxies.forEach(AddressRange::of);
    }

    /** Whether the other end of a connection is one of the proxies. */
    public boolean trusts(InetAddress peer) {
        return proxies.stream().map(AddressRange::of).anyMatch(range -> range.contains(peer));
    }

    /** The name in {@link #url}, without a port. */
    public Optional<String> hostName() {
        return url.map(URI::create).map(URI::getHost);
    }

    private static String plain(String text) {
        try {
            URI uri = new URI(text.strip());
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            boolean usable = (scheme.equals("http") || scheme.equals("https"))
                    && uri.getHost() != null
                    && uri.getPort() <= 65_535
                    && uri.getRawUserInfo() == null
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
            if (!usable) {
                throw wrong(text);
            }
            return scheme + "://" + uri.getRawAuthority().toLowerCase(Locale.ROOT)
                    + uri.getRawPath().replaceAll("/+$", "");
        } catch (URISyntaxException e) {
            throw wrong(text);
        }
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException(
                "public-url must be such as https://pictures.example.org or https://example.org/draw, got '%s'"
                        .formatted(text));
    }
}
