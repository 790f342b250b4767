package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** A call that ends once, and whose end is counted. */
final class ObservedCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

    private static final System.Logger LOG = System.getLogger(ObservedCall.class.getName());

    private final CallObserver observer;
    private final long begin = System.nanoTime();
    private final AtomicBoolean ended = new AtomicBoolean();

    ObservedCall(ServerCall<Q, R> call, CallObserver observer) {
        super(call);
        this.observer = observer;
    }

    @Override
    public void close(Status status, Metadata trailers) {
        if (ended.compareAndSet(false, true)) {
            report(GrpcErrors.outcome(status));
            super.close(status, trailers);
        }
    }

    /** Ends the call with what {@code failure} means to a client. */
    void fail(Throwable failure) {
        StatusRuntimeException answer = GrpcErrors.of(failure);
        Metadata trailers = answer.getTrailers();
        close(answer.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    /** The client has cancelled, is late, or has gone. */
    void abandon() {
        if (ended.compareAndSet(false, true)) {
            LOG.log(
                    observer == CallGuard.NOBODY ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
                    "status=499 api=grpc method={0} client={1}",
                    getMethodDescriptor().getBareMethodName(),
                    Callers.ofAddress(this));
            report(ErrorCode.CANCELLED.label());
        }
    }

    private void report(String outcome) {
        observer.ended(outcome, Duration.ofNanos(System.nanoTime() - begin));
    }
}
