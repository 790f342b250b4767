package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.grpc.v1.JobEvent;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A client of an event stream: tells when it can take more and when it has gone. grpc-java keeps whatever is sent to a
 * client that reads slowly, so that a few unread images would fill the heap.
 */
final class ClientPace {

    /** What grpc-java may still hold of a stream that it calls ready. */
    private static final long READY_BYTES = 32 << 10;

    private final ServerCallStreamObserver<JobEvent> client;
    private final Duration patience;
    private final UnreadEvents.Share unread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /**
     * To be made on the call's own thread, in its method.
     *
     * @param patience with a client that takes nothing
     * @param unread counts what is sent until it is read
     * @param onGone to be run once when the client has gone
     */
    ClientPace(StreamObserver<JobEvent> observer, Duration patience, UnreadEvents.Share unread, Runnable onGone) {
        this.client = (ServerCallStreamObserver<JobEvent>) observer;
        this.patience = patience;
        this.unread = unread;
        client.setOnReadyHandler(this::wake);
        client.setOnCloseHandler(unread::close);
        client.setOnCancelHandler(() -> {
            unread.close();
            onGone.run();
            wake();
        });
    }

    /**
     * Runs {@code stream} on a thread of its own, and ends the call with what it throws, else well. The connection of a
     * client that does not read is closed: a status would wait behind what is unread, and all of it would be kept.
     */
    void serve(Stream stream) {
        Runnable disconnect = Connections.DISCONNECT.get();
        Runnable inContext = Context.current().wrap(() -> {
            try {
                stream.run();
                if (!hasGone()) {
                    client.onCompleted();
                }
            } catch (Throwable e) {
                boolean isStuck = !client.isReady() && !hasGone();
                client.onError(GrpcErrors.of(e));
                if (isStuck) {
                    disconnect.run();
                }
            }
        });
        Thread.ofVirtual().name("grpc-events").start(inContext);
    }

    boolean hasGone() {
        return client.isCancelled();
    }

    boolean isReady() {
        return client.isReady();
    }

    /**
     * Waits until the client has read nearly all that was sent, and there is room for {@code bytes} that it may leave
     * unread; false when it has gone.
     *
     * @throws dev.mobilediffusion.server.error.ApiException when it reads nothing for too long, here
     *     or in its other calls
     */
    boolean awaitReady(long bytes) throws InterruptedException {
        long left = patience.toNanos();
        lock.lock();
        try {
            while (!client.isReady() && !client.isCancelled()) {
                if (left <= 0) {
                    throw GrpcErrors.unread(patience);
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
        unread.keepAtMost(READY_BYTES);
        if (!unread.take(bytes, Math.max(0, left)) && !client.isCancelled()) {
            throw GrpcErrors.unread(patience);
        }
        return !client.isCancelled();
    }

    void send(JobEvent event) {
        if (!client.isCancelled()) {
            client.onNext(event);
        }
    }

    private void wake() {
        if (client.isReady()) {
            unread.keepAtMost(READY_BYTES);
        }
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What is sent. */
    @FunctionalInterface
    interface Stream {
        void run() throws InterruptedException;
    }
}
