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
    private final TokenBucket requests = new TokenBucket();
    private volatile RequestCount shared = (key, perMinute) -> Optional.empty();

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

    /** Has requests counted for more servers than this one, while that count can be reached. */
    public void countWith(RequestCount count) {
        shared = count;
    }

    /**
     * The name of the key that a request came with; empty where none is asked for.
     *
     * @param authorization the header's text; empty where there is none
     * @param peer the other end of the connection
     * @throws ApiException INVALID_API_KEY without a key that may be used; RATE_LIMIT_EXCEEDED after too many wrong
     *     keys from this peer
     */
    public Optional<String> admit(Optional<String> authorization, InetAddress peer) {
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
        return Optional.of(key.name());
    }

    /**
     * Counts a request for images against the limit of the key that it came by, where that has one. To be called where jobs
     * are admitted, so that no spelling of a path and no API goes uncounted.
     *
     * @param keyName as {@link #admit} returned it
     * @throws ApiException RATE_LIMIT_EXCEEDED with the time to wait, when the key has none left in this minute
     */
    public void countRequest(String keyName) {
        ring.flatMap(keys -> keys.named(keyName)).ifPresent(this::count);
    }

    private void count(ApiKey key) {
        if (key.picturesPerMinute().isEmpty()) {
            return;
        }
        int perMinute = key.picturesPerMinute().getAsInt();
        Duration wait = shared.take(key.name(), perMinute)
                .orElseGet(() ->
                        requests.take(key.name(), perMinute, file.orElseThrow().now()));
        if (!wait.isZero()) {
            throw ApiException.retry(
                    ErrorCode.RATE_LIMIT_EXCEEDED,
                    "the API key '%s' may ask for pictures %s times a minute".formatted(key.name(), perMinute),
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
