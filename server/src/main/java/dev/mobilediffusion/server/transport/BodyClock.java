package dev.mobilediffusion.server.transport;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The time that is left for a request's body to come: a peer that sends a byte now and then would hold for hours what was
 * reserved for its request. Nothing is timed between bodies. Thread-safe.
 */
final class BodyClock {

    private final Duration limit;
    private volatile long endNanos;
    private volatile boolean running;

    /** @param limit for all of a body, positive */
    BodyClock(Duration limit) {
        this.limit = limit;
    }

    void start() {
        endNanos = System.nanoTime() + limit.toNanos();
        running = true;
    }

    void stop() {
        running = false;
    }

    boolean isRunning() {
        return running;
    }

    /** The result of {@code bytes}, for which it waits as long as there is time. */
    byte[] await(Future<byte[]> bytes) throws ExecutionException, InterruptedException, TimeoutException {
        return running ? bytes.get(endNanos - System.nanoTime(), TimeUnit.NANOSECONDS) : bytes.get();
    }

    SlowBodyException late() {
        return new SlowBodyException(limit);
    }
}
