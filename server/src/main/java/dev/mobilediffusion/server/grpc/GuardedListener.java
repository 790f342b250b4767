package dev.mobilediffusion.server.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;

/** A method whose failures end the call with a status. */
final class GuardedListener<Q> extends SimpleForwardingServerCallListener<Q> {

    private final ObservedCall<Q, ?> call;

    GuardedListener(ServerCall.Listener<Q> method, ObservedCall<Q, ?> call) {
        super(method);
        this.call = call;
    }

    @Override
    public void onReady() {
        guarded(super::onReady);
    }

    @Override
    public void onMessage(Q message) {
        guarded(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
        guarded(super::onHalfClose);
    }

    @Override
    public void onCancel() {
        call.abandon();
        guarded(super::onCancel);
    }

    @Override
    public void onComplete() {
        guarded(super::onComplete);
    }

    private void guarded(Runnable callback) {
        try {
            callback.run();
        } catch (Throwable e) {
            call.fail(e);
        }
    }
}
