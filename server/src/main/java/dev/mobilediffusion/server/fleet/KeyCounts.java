package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.nats.NatsErrors;
import dev.mobilediffusion.server.security.RequestCount;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Requests of a key at all boards together. NATS holds, for each key, the time at which all that was spent is made up for;
 * it changes only from the revision that was read. Thread-safe.
 */
final class KeyCounts implements RequestCount {

    private static final long MINUTE_MILLIS = 60_000;

    private final Supplier<Connection> connection;
    private final Clock clock;

    KeyCounts(Supplier<Connection> connection, Clock clock) {
        this.connection = connection;
        this.clock = clock;
    }

    @Override
    public Optional<Duration> take(String key, int perMinute) {
        try {
            return Optional.of(NatsErrors.call(() -> take(bucket(), Names.RATE + Names.token(key), perMinute)));
        } catch (ApiException away) {
            return Optional.empty();
        }
    }

    private Duration take(KeyValue bucket, String key, int perMinute) throws IOException, JetStreamApiException {
        while (true) {
            KeyValueEntry last = bucket.get(key);
            long now = clock.millis();
            long made = Math.max(now, last == null ? 0 : millis(last)) + MINUTE_MILLIS / perMinute;
            if (made - now > MINUTE_MILLIS) {
                return Duration.ofMillis(made - now - MINUTE_MILLIS);
            }
            if (put(bucket, key, made, last)) {
                return Duration.ZERO;
            }
        }
    }

    /** False where another board was quicker. */
    private static boolean put(KeyValue bucket, String key, long made, KeyValueEntry last)
            throws IOException, JetStreamApiException {
        byte[] value = Long.toString(made).getBytes(StandardCharsets.US_ASCII);
        try {
            long unused = last == null ? bucket.create(key, value) : bucket.update(key, value, last.getRevision());
            return true;
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NatsErrors.WRONG_LAST_SEQUENCE) {
                return false;
            }
            throw e;
        }
    }

    /** What a foreign hand wrote counts as nothing. */
    private static long millis(KeyValueEntry entry) {
        String text = String.valueOf(entry.getValueAsString());
        return text.matches("\\d{1,15}") ? Long.parseLong(text) : 0;
    }

    private KeyValue bucket() throws IOException {
        return connection.get().keyValue(Names.BOARDS);
    }
}
