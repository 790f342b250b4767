package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Stands before every method, so that each call ends in a status whatever happens in it, and says nothing more once its
 * client has gone. Helidon 4.5.0 by itself leaves the client waiting when a method throws.
 */
final class CallGuard implements ServerInterceptor {

    private static final CallObserver NOBODY = (outcome, took) -> {};

    private final Callers callers;
    private final Connections connections;
    private final CallObserver observer;
    private final int maxMessageBytes;

    /**
     * @param callers that says who calls, and refuses those who may not
     * @param observer of the calls to our own service; health and reflection would only blur its numbers
     */
    CallGuard(Callers callers, Connections connections, CallObserver observer, int maxMessageBytes) {
        this.callers = callers;
        this.connections = connections;
        this.observer = observer;
        this.maxMessageBytes = maxMessageBytes;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        boolean ours = ImageGenerationGrpc.SERVICE_NAME.equals(
                call.getMethodDescriptor().getServiceName());
        // Health's Watch hears of its client's end by the context alone
        Context.CancellableContext context = Context.current().withCancellation();
        GuardedCall<Q, R> guarded = new GuardedCall<>(call, ours ? observer : NOBODY, context);
        OpenCalls neighbours = connections.of(call.getAttributes());
        GuardedListener<Q> listener;
        try {
            Context named = context.withValue(Callers.CURRENT, callers.admit(call, headers));
            requireReadable(headers);
            ServerCall.Listener<Q> method = Contexts.interceptCall(named, guarded, headers, next);
            listener = new GuardedListener<>(method, guarded, neighbours, maxMessageBytes);
        } catch (RuntimeException e) {
            listener = new GuardedListener<>(new FailedStart<>(guarded, e), guarded, neighbours, maxMessageBytes);
        }
        listener.watchConnection();
        return listener;
    }

    private static void requireReadable(Metadata headers) {
        String unreadable = headers.get(GuardedGrpcSelector.UNREADABLE);
        if (unreadable != null) {
            throw ApiException.invalid(
                    unreadable,
                    "the metadata %s must have a name of a-z, 0-9, '.', '-' and '_', and base64 if that ends with -bin",
                    unreadable);
        }
    }

    /** Ends the call when its request is there: before, Helidon would forget the stream with the request under way. */
    private static final class FailedStart<Q> extends ServerCall.Listener<Q> {

        private final GuardedCall<Q, ?> call;
        private final RuntimeException failure;

        FailedStart(GuardedCall<Q, ?> call, RuntimeException failure) {
            this.call = call;
            this.failure = failure;
        }

        @Override
        public void onReady() {
            call.request(1);
        }

        @Override
        public void onHalfClose() {
            throw failure;
        }
    }
}
