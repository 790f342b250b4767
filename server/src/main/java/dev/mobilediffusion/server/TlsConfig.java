package dev.mobilediffusion.server;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * Whether the server encrypts, and with what.
 *
 * @param enabled whether it does
 * @param certificate its owner's, as a PEM file with those that vouch for it; empty for one that this machine makes
 * @param key that belongs to it, as a PEM file; with {@code certificate} or not at all
 */
public record TlsConfig(boolean enabled, Optional<Path> certificate, Optional<Path> key) {

    public static final TlsConfig OFF = new TlsConfig(false, Optional.empty(), Optional.empty());

    public TlsConfig {
        Objects.requireNonNull(certificate, "certificate");
        Objects.requireNonNull(key, "key");
        if (certificate.isPresent() != key.isPresent()) {
            throw new IllegalArgumentException("tls-certificate and tls-key come together or not at all");
        }
        if (certificate.isPresent() && !enabled) {
            throw new IllegalArgumentException("tls-certificate and tls-key need tls");
        }
    }
}
