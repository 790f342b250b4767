package dev.mobilediffusion.server.machine;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Who computes: one at a time, in the order of asking, so that those whose pictures are drawn and those whose pictures are
 * enlarged take turns. After each turn comes the rest that a warm device needs. Thread-safe.
 *
 * <pre>{@code
 * try (ComputeTurns.Turn turn = turns.take()) {
 *     …
 *     turn.rest();
 * }
 * }</pre>
 */
public final class ComputeTurns {

    private final DeviceGuard guard;
    private final Semaphore free = new Semaphore(1, true);

    public ComputeTurns(DeviceGuard guard) {
        this.guard = guard;
    }

    /** Which says how long it rests. */
    public DeviceGuard guard() {
        return guard;
    }

    /** Waits for a turn. */
    public Turn take() throws InterruptedException {
        free.acquire();
        return new Turn();
    }

    /** Waits for a turn, {@code patience} at most; empty when it did not come. */
    public Optional<Turn> take(Duration patience) throws InterruptedException {
        return free.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS) ? Optional.of(new Turn()) : Optional.empty();
    }

    /** How many wait, about. */
    public int waiting() {
        return free.getQueueLength();
    }

    /** The right to compute; for one thread. */
    public final class Turn implements AutoCloseable {

        private final long begin = System.nanoTime();
        private boolean rested;
        private boolean closed;

        private Turn() {}

        /** Ends the work: waits as {@link DeviceGuard#rest} says. */
        public void rest() throws InterruptedException {
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            rested = true;
            guard.rest(took);
        }

        /** Lets the next one in, after the rest, which nobody who has a client waiting should wait for. */
        @Override
        public void close() {
            if (closed) {
                return;
            }
            closed = true;
            if (rested || guard.condition() == DeviceCondition.NORMAL) {
                free.release();
                return;
            }
            Thread.ofVirtual().name("rest").start(() -> {
                try {
                    rest();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    free.release();
                }
            });
        }
    }
}
