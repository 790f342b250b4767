package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A call that ends once, and writes nothing to a client that has gone: with Helidon 4.5.0 a write after a cancel can
 * end the connection with all of its calls.
 */
final class GuardedCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

    private static final System.Logger LOG = System.getLogger(GuardedCall.class.getName());

    private final CallObserver observer;
    private final Context.CancellableContext context;
    private final Thread thread = Thread.currentThread();
    private final long begin = System.nanoTime();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean gone;

    GuardedCall(ServerCall<Q, R> call, CallObserver observer, Context.CancellableContext context) {
        super(call);
        this.observer = observer;
        this.context = context;
    }

    @Override
    public boolean isCancelled() {
        return gone || super.isCancelled();
    }

    @Override
    public void sendHeaders(Metadata headers) {
        write(() -> super.sendHeaders(headers));
    }

    @Override
    public void sendMessage(R message) {
        write(() -> super.sendMessage(message));
    }

    @Override
    public void close(Status status, Metadata trailers) {
        if (ended.compareAndSet(false, true)) {
            report(GrpcErrors.outcome(status));
            write(() -> super.close(GrpcErrors.onTheWire(status), trailers));
        }
    }

    /** Ends the call with what {@code failure} means to a client. */
    void fail(Throwable failure) {
        StatusRuntimeException answer = GrpcErrors.of(failure);
        Metadata trailers = answer.getTrailers();
        close(answer.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    /** The client has cancelled or gone. */
    void abandon() {
        gone = true;
        if (ended.compareAndSet(false, true)) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "status=499 api=grpc method={0} client={1}",
                    getMethodDescriptor().getBareMethodName(),
                    Callers.ofAddress(this));
            report(ErrorCode.CANCELLED.label());
        }
    }

    boolean isOnItsThread() {
        return Thread.currentThread() == thread;
    }

    /** Wakes the call's thread from whatever it waits for. */
    void interrupt() {
        thread.interrupt();
    }

    private void report(String outcome) {
        observer.ended(outcome, Duration.ofNanos(System.nanoTime() - begin));
        context.cancel(null);
    }

    private void write(Runnable frame) {
        if (isCancelled()) {
            return;
        }
        try {
            frame.run();
        } catch (RuntimeException e) {
            gone = true;
            if (isOnItsThread()) {
                throw new CloseConnectionException("the client has gone", e);
            }
            // Health's Watch writes for many clients in turn, and one that is gone must not stop the others
            LOG.log(System.Logger.Level.DEBUG, "cannot write to a client", e);
        }
    }
}
