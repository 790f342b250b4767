package dev.mobilediffusion.server.security;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * So many events per minute for each name, all at once or one by one. Remembers the names of the last events only, so
 * that a flood of names costs no memory. Thread-safe.
 */
final class TokenBucket {

    private static final int MAX_NAMES = 4_096;
    private static final double SECONDS = 60;

    private final Map<String, Level> levels = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Level> eldest) {
            return size() > MAX_NAMES;
        }
    };

    /** @param spent events not yet made up for by time */
    private record Level(double spent, Instant at) {}

    /** Takes one of {@code perMinute} events; the time to wait where none is left, which then is not taken. */
    synchronized Duration take(String name, int perMinute, Instant now) {
        Duration wait = delay(name, perMinute, now);
        if (wait.isZero()) {
            levels.put(name, new Level(spent(name, perMinute, now) + 1, now));
        }
        return wait;
    }

    /** The time until one event is left for {@code name}; zero where one is. */
    synchronized Duration delay(String name, int perMinute, Instant now) {
        double missing = spent(name, perMinute, now) + 1 - perMinute;
        return missing <= 0 ? Duration.ZERO : Duration.ofMillis((long) Math.ceil(missing * SECONDS * 1000 / perMinute));
    }

    private double spent(String name, int perMinute, Instant now) {
        Level level = levels.get(name);
        if (level == null) {
            return 0;
        }
        double seconds = Math.max(0, Duration.between(level.at(), now).toMillis() / 1e3);
        return Math.max(0, level.spent() - seconds * perMinute / SECONDS);
    }
}
