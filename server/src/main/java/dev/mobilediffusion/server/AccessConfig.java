package dev.mobilediffusion.server;

import dev.mobilediffusion.server.security.HostNames;
import dev.mobilediffusion.server.security.Origins;
import dev.mobilediffusion.server.security.PublicAddress;
import java.util.Set;

/**
 * Who may use the server.
 *
 * @param lan whether every device nearby is meant to reach it: then the first key is made when there is none
 * @param announce whether it tells its neighbours by mDNS that it is there
 * @param insecure whether everybody may who reaches it, without a key
 * @param requireKeys whether this machine, too, needs a key: for a server behind a proxy
 * @param openMetrics whether {@code /metrics} needs no key
 * @param openReady whether {@code /health/ready} and gRPC's health need no key
 * @param allowedHosts names under which it may be asked, beside addresses, localhost and its own
 * @param allowedOrigins of other sites' pages that may use it, such as {@code https://chat.example.org}
 * @param address how clients reach it
 */
public record AccessConfig(
        boolean lan,
        boolean announce,
        boolean insecure,
        boolean requireKeys,
        boolean openMetrics,
        boolean openReady,
        Set<String> allowedHosts,
        Set<String> allowedOrigins,
        PublicAddress address) {

    public static final AccessConfig DEFAULT =
            new AccessConfig(false, false, false, false, false, false, Set.of(), Set.of(), PublicAddress.NONE);

    public AccessConfig {
        allowedHosts = Set.copyOf(allowedHosts);
        allowedOrigins = Set.copyOf(allowedOrigins);
        allowedHosts.forEach(HostNames::requireName);
        allowedOrigins.forEach(Origins::requireOrigin);
        if (insecure && requireKeys) {
            throw new IllegalArgumentException("insecure and require-keys contradict each other, give one of them");
        }
    }
}
