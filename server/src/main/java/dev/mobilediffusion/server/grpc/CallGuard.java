package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Stands before every method: refuses a caller without a key as soon as the call's headers are there, and ends the call
 * with a status that clients can act on whatever is thrown in it. grpc-java alone would say UNKNOWN.
 */
final class CallGuard implements ServerInterceptor {

    /** Of calls to health and reflection: their ends are neither counted nor logged. */
    static final CallObserver NOBODY = (outcome, took) -> {};

    private final Callers callers;
    private final CallObserver observer;

    /**
     * @param callers that says who calls, and refuses those who may not
     * @param observer of the calls to our own service; health and reflection would only blur its numbers
     */
    CallGuard(Callers callers, CallObserver observer) {
        this.callers = callers;
        this.observer = observer;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        boolean ours = ImageGenerationGrpc.SERVICE_NAME.equals(
                call.getMethodDescriptor().getServiceName());
        ObservedCall<Q, R> observed = new ObservedCall<>(call, ours ? observer : NOBODY);
        LargeMessages.onRefusal(observed::fail);
        RequestClock.onLate(observed::fail);
        try {
            Context named = Context.current().withValue(Callers.CURRENT, callers.admit(call, headers));
            return new GuardedListener<>(Contexts.interceptCall(named, observed, headers, next), observed);
        } catch (Throwable e) {
            observed.fail(e);
            return new ServerCall.Listener<>() {};
        }
    }
}
