package dev.mobilediffusion.server.security;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The names under which a server may be asked. A web page whose own name its maker has pointed at this machine (DNS
 * rebinding) asks under that name, which is none of these. Addresses are fine, since nobody can point those elsewhere,
 * and so is
 * localhost. A name in {@code .local} is one only when it is the machine's own: any neighbour can answer to others by mDNS.
 */
public final class HostNames {

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-f:.]+(%[\\w.-]+)?]");
    private static final Pattern NAME =
            Pattern.compile("[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*");
    private static final Pattern WITH_PORT = Pattern.compile("(.*?)(:\\d{1,5})?");

    private final Set<String> names;

    /** @param names further names, without port: the machine's own and those that its owner lists */
    public HostNames(Set<String> names) {
        this.names = names.stream().map(HostNames::plain).collect(Collectors.toUnmodifiableSet());
    }

    /** @throws IllegalArgumentException unless {@code name} is a host's name without a port */
    public static String requireName(String name) {
        if (!NAME.matcher(plain(name)).matches()) {
            throw new IllegalArgumentException(
                    "allowed-hosts must be names such as pictures.example.org, got '%s'".formatted(name));
        }
        return name;
    }

    /** Whether {@code host}, the text of a Host header, is one of them. */
    public boolean allow(String host) {
        var parts = WITH_PORT.matcher(host.strip());
        if (!parts.matches()) {
            return false;
        }
        String name = plain(parts.group(1));
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || names.contains(name)
                || IPV4.matcher(name).matches()
                || IPV6.matcher(name).matches();
    }

    private static String plain(String name) {
        String lower = name.strip().toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }
}
