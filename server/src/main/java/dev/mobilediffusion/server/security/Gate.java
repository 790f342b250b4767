package dev.mobilediffusion.server.security;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/** Lets requests in by their key, and counts who tries in vain. One for all APIs. Thread-safe. */
public final class Gate {

    /** Wrong keys from one address, per minute, before it is told to wait. */
    static final int TRIES_PER_MINUTE = 10;

    private final Optional<KeyFile> file;
    private final Optional<KeyRing> ring;
    private final TokenBucket failures = new TokenBucket();
    private final TokenBucket pictures = new TokenBucket();

    private Gate(Optional<KeyFile> file) {
        this.file = file;
        this.ring = file.map(KeyRing::new);
    }

    /** Lets in whoever has a key of {@code file}, and nobody else. */
    public static Gate withKeys(KeyFile file) {
        return new Gate(Optional.of(file));
    }

    /** Lets everybody in: for a server that this machine alone can reach. */
    public static Gate open() {
        return new Gate(Optional.empty());
    }

    /** Whether a key is asked for. */
    public boolean isLocked() {
        return file.isPresent();
    }

    /**
     * The name of the key that a request came with; empty where none is asked for.
     *
     * @param authorization the header's text; empty where there is none
     * @param peer the other end of the connection
     * @param forPicture whether the request asks for a picture, which counts against a key's limit
     * @throws ApiException INVALID_API_KEY without a key that may be used; RATE_LIMIT_EXCEEDED after too many wrong
     *     keys from this peer, or pictures for this key
     */
    public Optional<String> admit(Optional<String> authorization, InetAddress peer, boolean forPicture) {
        if (file.isEmpty()) {
            return Optional.empty();
        }
        Instant now = file.get().now();
        String text = authorization.orElseThrow(
                () -> refusal("this server asks for an API key: send it as Authorization: Bearer KEY"));
        ApiKey key = Credentials.key(text)
                .flatMap(ring.get()::find)
                .orElseThrow(() -> failed(peer, now, "the API key is not one of this server's"));
        if (key.revoked().isPresent()) {
            throw failed(peer, now, "the API key '%s' was revoked".formatted(key.name()));
        }
        if (key.hasExpired(now)) {
            throw failed(
                    peer,
                    now,
                    "the API key '%s' expired at %s"
                            .formatted(key.name(), key.expires().orElseThrow()));
        }
        if (forPicture && key.picturesPerMinute().isPresent()) {
            countPicture(key, now);
        }
        return Optional.of(key.name());
    }

    private void countPicture(ApiKey key, Instant now) {
        int perMinute = key.picturesPerMinute().orElseThrow();
        Duration wait = pictures.take(key.name(), perMinute, now);
        if (!wait.isZero()) {
            throw ApiException.retry(
                    ErrorCode.RATE_LIMIT_EXCEEDED,
                    "the API key '%s' may ask for pictures %d times a minute".formatted(key.name(), perMinute),
                    wait);
        }
    }

    /** A right key is always let in, so a neighbour behind the same address cannot lock its owner out. */
    private ApiException failed(InetAddress peer, Instant now, String message) {
        Duration wait = failures.take(network(peer), TRIES_PER_MINUTE, now);
        return wait.isZero()
                ? refusal(message)
                : ApiException.retry(
                        ErrorCode.RATE_LIMIT_EXCEEDED, "too many wrong API keys from this address; wait", wait);
    }

    private static ApiException refusal(String message) {
        return ApiException.of(ErrorCode.INVALID_API_KEY, message);
    }

    /** An IPv6 host has 2^64 addresses of its own, which count as one. */
    private static String network(InetAddress peer) {
        byte[] address = peer.getAddress();
        return HexFormat.of().formatHex(peer instanceof Inet6Address ? Arrays.copyOf(address, 8) : address);
    }
}
