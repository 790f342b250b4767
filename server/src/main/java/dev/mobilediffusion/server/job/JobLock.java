package dev.mobilediffusion.server.job;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A job's lock, and the two things that threads wait for: any event, and the end.
 *
 * <p>A {@link ReentrantLock} rather than a monitor, because a monitor pins a virtual thread's carrier before JDK 24.
 */
final class JobLock {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition event = lock.newCondition();

    /** Apart, so that who waits for the end alone does not take the processor from the networks at every event. */
    private final Condition end = lock.newCondition();

    <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /** Waits up to {@code timeout} until {@code found} has something; empty when it never had. */
    <T> List<T> awaitEvent(Duration timeout, Supplier<List<T>> found) throws InterruptedException {
        long nanosLeft = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            List<T> events = found.get();
            while (events.isEmpty() && nanosLeft > 0) {
                nanosLeft = event.awaitNanos(nanosLeft);
                events = found.get();
            }
            return events;
        } finally {
            lock.unlock();
        }
    }

    /** Waits up to {@code timeout} for {@code ended}; whether it came. */
    boolean awaitEnd(Duration timeout, BooleanSupplier ended) throws InterruptedException {
        long nanosLeft = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            while (!ended.getAsBoolean() && nanosLeft > 0) {
                nanosLeft = end.awaitNanos(nanosLeft);
            }
            return ended.getAsBoolean();
        } finally {
            lock.unlock();
        }
    }

    /** Wakes who waits for an event; the caller holds the lock. */
    void signalEvent() {
        event.signalAll();
    }

    /** Wakes who waits for the end; the caller holds the lock. */
    void signalEnd() {
        end.signalAll();
    }
}
