package dev.mobilediffusion.server.security;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * What is kept of a key: never the key itself.
 *
 * @param name by which its owner knows it, and which stands in the log
 * @param sha256 of the key, 64 hexadecimal digits
 * @param created when it was made
 * @param expires when it ends; empty for never
 * @param picturesPerMinute how many requests for images it may make, in [1, {@value #MAX_PER_MINUTE}]; empty for any
 * @param revoked since when it lets nobody in; empty while it does
 */
public record ApiKey(
        String name,
        String sha256,
        Instant created,
        Optional<Instant> expires,
        OptionalInt picturesPerMinute,
        Optional<Instant> revoked) {

    public static final int MAX_PER_MINUTE = 10_000;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    public ApiKey {
        Objects.requireNonNull(created, "created");
        Objects.requireNonNull(expires, "expires");
        Objects.requireNonNull(revoked, "revoked");
        requireName(name);
        if (!SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException("sha256 of key %s must be 64 hexadecimal digits".formatted(name));
        }
        picturesPerMinute.ifPresent(ApiKey::requirePerMinute);
    }

    /** @throws IllegalArgumentException unless {@code name} may stand in a log and on a command line */
    public static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a key's name must be 1 to 64 letters, digits, dots, dashes or underscores, got '%s'"
                            .formatted(name));
        }
    }

    private static void requirePerMinute(int value) {
        if (value < 1 || value > MAX_PER_MINUTE) {
            throw new IllegalArgumentException(
                    "pictures per minute must be in [1, %s], got %s".formatted(MAX_PER_MINUTE, value));
        }
    }

    /** Whether it lets somebody in at {@code now}. */
    public boolean isUsable(Instant now) {
        return revoked.isEmpty() && !hasExpired(now);
    }

    public boolean hasExpired(Instant now) {
        return expires.isPresent() && !now.isBefore(expires.get());
    }

    ApiKey revokedAt(Instant now) {
        return new ApiKey(name, sha256, created, expires, picturesPerMinute, Optional.of(revoked.orElse(now)));
    }
}
