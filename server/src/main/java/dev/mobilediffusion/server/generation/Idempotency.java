package dev.mobilediffusion.server.generation;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;

/**
 * A client's own name for a request, so that sending it twice draws it once.
 *
 * @param key printable, at most {@value #MAX_KEY_LENGTH} characters; counts per client
 * @param bodySha256 hash of the request, 64 hex digits: the same key with another body is refused
 */
public record Idempotency(String key, String bodySha256) {

    public static final int MAX_KEY_LENGTH = 255;

    public Idempotency {
        if (key.isBlank() || key.length() > MAX_KEY_LENGTH) {
            throw ApiException.invalid(
                    "Idempotency-Key",
                    "Idempotency-Key must have 1 to %d characters, got %d",
                    MAX_KEY_LENGTH,
                    key.length());
        }
    }

    /** Refuses, by IDEMPOTENCY_KEY_REUSED, this request when the one that had its key before, {@code earlier}, was another. */
    public void requireSameBody(Idempotency earlier) {
        if (!earlier.bodySha256().equals(bodySha256)) {
            throw ApiException.of(
                    ErrorCode.IDEMPOTENCY_KEY_REUSED,
                    "Idempotency-Key",
                    "this Idempotency-Key was sent before with another body");
        }
    }
}
