package dev.mobilediffusion.server.transport;

import java.time.Duration;

/**
 * The time that is left for a request's first line and headers: a peer that sends a byte now and then would hold a connection
 * for hours. Runs from a head's first bytes; nothing is timed between requests. Used by the connection's own thread.
 */
final class HeadClock {

    private static final System.Logger LOG = System.getLogger(HeadClock.class.getName());

    private final Duration limit;
    private long headsRead;
    private long endNanos;
    private boolean running;
    private boolean reported;

    /** @param limit for all of a head, positive */
    HeadClock(Duration limit) {
        this.limit = limit;
    }

    /** @param heads that the connection has read as a whole: with another one, the clock stops */
    void follow(long heads) {
        running = running && heads == headsRead;
        headsRead = heads;
    }

    /** Bytes of a head came. */
    void begin() {
        if (!running) {
            endNanos = System.nanoTime() + limit.toNanos();
            running = true;
        }
    }

    /** How long the next bytes may take: {@code patience}, or less. */
    Duration left(Duration patience) {
        Duration left = Duration.ofNanos(endNanos - System.nanoTime());
        return running && left.compareTo(patience) < 0 ? left : patience;
    }

    /** Whether a head has begun and has no time left, so that its connection is closed. */
    boolean isLate() {
        return running && System.nanoTime() - endNanos >= 0;
    }

    /** Says in the log of {@code peer} that its head did not come in time, where that is so. */
    void reportLate(String peer) {
        if (isLate() && !reported) {
            reported = true;
            LOG.log(
                    System.Logger.Level.INFO,
                    "status=408 peer={0} its request''s headers did not come within {1} s",
                    peer,
                    limit.toMillis() / 1000.0);
        }
    }
}
