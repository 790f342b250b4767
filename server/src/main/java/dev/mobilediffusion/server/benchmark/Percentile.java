package dev.mobilediffusion.server.benchmark;

import java.time.Duration;
import java.util.List;

/** Percentiles by the nearest rank: the smallest sample that at least so many percent of all do not exceed. */
public final class Percentile {

    private Percentile() {}

    /** @param percent in (0, 100] */
    public static Duration of(List<Duration> samples, int percent) {
        if (samples.isEmpty() || percent < 1 || percent > 100) {
            throw new IllegalArgumentException("percent must be in [1, 100] of at least one sample, got %s of %s"
                    .formatted(percent, samples.size()));
        }
        List<Duration> sorted = samples.stream().sorted().toList();
        int rank = Math.ceilDiv(sorted.size() * percent, 100);
        return sorted.get(rank - 1);
    }
}
