package dev.mobilediffusion.server.store;

import java.time.Duration;

/**
 * How long finished jobs are kept, and how much room must stay free.
 *
 * @param maxAge after which a finished job and its images go, positive
 * @param maxBytes of all kept images together, at least 1 MiB; the oldest finished jobs go first
 * @param minFreeBytes on the data folder's disk, below which no job is taken in, at least 0
 */
public record Retention(Duration maxAge, long maxBytes, long minFreeBytes) {

    public static final Retention DEFAULT = new Retention(Duration.ofDays(7), 1L << 30, 32L << 20);

    public Retention {
        if (maxAge.isNegative() || maxAge.isZero()) {
            throw new IllegalArgumentException("jobs must be kept for a positive time, got " + maxAge);
        }
        if (maxBytes < 1 << 20) {
            throw new IllegalArgumentException("jobs must have at least 1048576 bytes, got " + maxBytes);
        }
        if (minFreeBytes < 0) {
            throw new IllegalArgumentException("free bytes must be at least 0, got " + minFreeBytes);
        }
    }
}
