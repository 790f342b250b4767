package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Ends a call whose request has not come in its time: what came of it stays in memory, and a client that sends a byte now and
 * then would hold it for hours. Only for methods to which a client sends one message; the others are reflection's, whose
 * messages are short.
 */
final class RequestClock implements ServerInterceptor {

    private static final Context.Key<Request> CURRENT = Context.key("mobilediffusion-request");

    private final Duration limit;
    private final ScheduledExecutorService timer;

    /** @param limit for all of a request, positive */
    RequestClock(Duration limit, ScheduledExecutorService timer) {
        this.limit = limit;
        this.timer = timer;
    }

    /** Says what ends the current call when its request is late. */
    static void onLate(Consumer<ApiException> end) {
        Request request = CURRENT.get();
        if (request != null) {
            request.end = end;
        }
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
            return next.startCall(call, headers);
        }
        Request request = new Request();
        Context context = Context.current().withValue(CURRENT, request);
        ServerCall.Listener<Q> method = Contexts.interceptCall(context, call, headers, next);
        Future<?> late = timer.schedule(request::beLate, limit.toNanos(), TimeUnit.NANOSECONDS);
        return new SimpleForwardingServerCallListener<>(method) {
            @Override
            public void onHalfClose() {
                late.cancel(false);
                if (request.settled.compareAndSet(false, true)) {
                    super.onHalfClose();
                }
            }

            @Override
            public void onCancel() {
                late.cancel(false);
                super.onCancel();
            }

            @Override
            public void onComplete() {
                late.cancel(false);
                super.onComplete();
            }
        };
    }

    /** One call's request, which is whole in time or late. */
    private final class Request {

        private final AtomicBoolean settled = new AtomicBoolean();
        private volatile Consumer<ApiException> end = late -> {};

        private void beLate() {
            if (settled.compareAndSet(false, true)) {
                end.accept(ApiException.of(
                        ErrorCode.REQUEST_TIMEOUT,
                        "the request must come within %s s".formatted(limit.toMillis() / 1000.0)));
            }
        }
    }
}
