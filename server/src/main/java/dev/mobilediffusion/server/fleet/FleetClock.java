package dev.mobilediffusion.server.fleet;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** NATS's time: boards' own clocks may be hours apart, and deadlines must not. Thread-safe. */
final class FleetClock extends Clock {

    private final Clock own;
    private volatile Duration offset = Duration.ZERO;

    FleetClock(Clock own) {
        this.own = own;
    }

    /** NATS has just told that it is {@code now} there. */
    void set(Instant now) {
        offset = Duration.between(own.instant(), now);
    }

    @Override
    public Instant instant() {
        return own.instant().plus(offset);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("the fleet's time is UTC");
    }
}
