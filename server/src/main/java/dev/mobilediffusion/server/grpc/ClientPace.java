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
 * client that reads slowly, so that a few unread pictures would fill the heap.
 */
final class ClientPace {

    private final ServerCallStreamObserver<JobEvent> client;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /**
     * To be made on the call's own thread, in its method.
     *
     * @param patience with a client that takes nothing
     * @param onGone to be run once when the client has gone
     */
    ClientPace(StreamObserver<JobEvent> observer, Duration patience, Runnable onGone) {
        this.client = (ServerCallStreamObserver<JobEvent>) observer;
        this.patience = patience;
        client.setOnReadyHandler(this::wake);
        client.setOnCancelHandler(() -> {
            onGone.run();
            wake();
        });
    }

    /** Runs {@code stream} on a thread of its own, and ends the call with what it throws, else well. */
    void serve(Stream stream) {
        Runnable inContext = Context.current().wrap(() -> {
            try {
                stream.run();
                if (!hasGone()) {
                    client.onCompleted();
                }
            } catch (Throwable e) {
                client.onError(GrpcErrors.of(e));
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
     * Waits until the client has read nearly all that was sent; false when it has gone.
     *
     * @throws dev.mobilediffusion.server.error.ApiException when it reads nothing for too long
     */
    boolean awaitReady() throws InterruptedException {
        long left = patience.toNanos();
        lock.lock();
        try {
            while (!client.isReady() && !client.isCancelled()) {
                if (left <= 0) {
                    throw GrpcErrors.unread(patience);
                }
                left = changed.awaitNanos(left);
            }
            return !client.isCancelled();
        } finally {
            lock.unlock();
        }
    }

    void send(JobEvent event) {
        if (!client.isCancelled()) {
            client.onNext(event);
        }
    }

    private void wake() {
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
