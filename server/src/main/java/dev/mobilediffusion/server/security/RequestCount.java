package dev.mobilediffusion.server.security;

import java.time.Duration;
import java.util.Optional;

/** Counts requests of keys for more servers than this one. Thread-safe. */
@FunctionalInterface
public interface RequestCount {

    /**
     * Takes one of the requests that a key has in a minute.
     *
     * @param key its name
     * @param perMinute how many it has, 1 or more
     * @return zero; where none is left, the time to wait, and none is taken; empty where the count cannot be reached now
     */
    Optional<Duration> take(String key, int perMinute);
}
