package dev.mobilediffusion.server.security;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The web pages that may use a server: its own, and those of the origins that its owner lists. */
public final class Origins {

    private static final Pattern ORIGIN = Pattern.compile("[a-z][a-z0-9+.-]*://[^/?#@\\s]+");

    private final Set<String> listed;

    /** @param listed such as {@code https://chat.example.org}, as browsers send them */
    public Origins(Set<String> listed) {
        this.listed = listed.stream().map(Origins::lower).collect(Collectors.toUnmodifiableSet());
    }

    /** @throws IllegalArgumentException unless {@code origin} is one: scheme, host and perhaps a port */
    public static String requireOrigin(String origin) {
        if (!ORIGIN.matcher(lower(origin)).matches()) {
            throw new IllegalArgumentException(
                    "allowed-origins must be such as https://chat.example.org, without a path, got '%s'"
                            .formatted(origin));
        }
        return origin;
    }

    /** Whether another site's page at {@code origin} may read the answers. */
    public boolean areListed(String origin) {
        return listed.contains(lower(origin));
    }

    /** Whether {@code origin} is the page of this server, asked as {@code host}; a proxy may have added the TLS. */
    public boolean isOwn(String origin, String host) {
        int scheme = origin.indexOf("://");
        return scheme > 0 && lower(origin.substring(scheme + 3)).equals(lower(host));
    }

    private static String lower(String text) {
        return text.strip().toLowerCase(Locale.ROOT);
    }
}
