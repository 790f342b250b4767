package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.generation.ClientId;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Bounds the bytes of events that were handed to grpc-java and that clients may not have read yet: a client can hold a
 * thousand streams open on each connection, and grpc-java keeps a whole image for each of them that is not read.
 * Thread-safe.
 *
 * <p>A stream waits while its client, or all clients together, hold too much. One event fits beside half of a bound however
 * large it is: streams that wait keep a little of what they were sent, and an image may be larger than the bound.
 */
final class UnreadEvents {

    private final long maxBytes;
    private final long maxBytesOfClient;
    private final Map<ClientId, Long> ofClients = new HashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long bytes;

    /**
     * @param maxBytes of all clients together, positive
     * @param maxBytesOfClient of all streams of one client, positive
     */
    UnreadEvents(long maxBytes, long maxBytesOfClient) {
        this.maxBytes = maxBytes;
        this.maxBytesOfClient = maxBytesOfClient;
    }

    /** What all clients hold now. */
    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    /** For a new stream to {@code client}. */
    Share share(ClientId client) {
        return new Share(client);
    }

    private long held(ClientId client) {
        return ofClients.getOrDefault(client, 0L);
    }

    private void add(ClientId client, long more) {
        bytes += more;
        ofClients.merge(client, more, (before, added) -> before + added == 0 ? null : before + added);
        changed.signalAll();
    }

    /** What one stream holds; to be closed when the call is over. */
    final class Share implements AutoCloseable {

        private final ClientId client;
        private long held;
        private boolean closed;

        private Share(ClientId client) {
            this.client = client;
        }

        /** Waits at most {@code nanos} for room, and takes it; whether it did. A closed share takes nothing. */
        boolean take(long wanted, long nanos) throws InterruptedException {
            long end = System.nanoTime() + nanos;
            lock.lock();
            try {
                while (!closed && !fits(wanted)) {
                    if (!changed.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                        return false;
                    }
                }
                if (!closed) {
                    held += wanted;
                    add(client, wanted);
                }
                return !closed;
            } finally {
                lock.unlock();
            }
        }

        /** The client has read all but {@code left} bytes, or more. */
        void keepAtMost(long left) {
            lock.lock();
            try {
                if (held > left) {
                    add(client, left - held);
                    held = left;
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                closed = true;
                keepAtMost(0);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private boolean fits(long wanted) {
            return fits(bytes, wanted, maxBytes) && fits(held(client), wanted, maxBytesOfClient);
        }

        private static boolean fits(long held, long wanted, long most) {
            return held + wanted <= most || held <= most / 2;
        }
    }
}
