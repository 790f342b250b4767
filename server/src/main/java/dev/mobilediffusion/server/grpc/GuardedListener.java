package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;
import io.helidon.webserver.CloseConnectionException;

/** A method whose failures end the call, and which hears of its client's end in all of its forms. */
final class GuardedListener<Q> extends SimpleForwardingServerCallListener<Q> {

    private static final System.Logger LOG = System.getLogger(GuardedListener.class.getName());

    private final GuardedCall<Q, ?> call;
    private final OpenCalls neighbours;
    private final int maxMessageBytes;
    private final Runnable onConnectionEnd = this::connectionEnded;

    GuardedListener(ServerCall.Listener<Q> method, GuardedCall<Q, ?> call, OpenCalls neighbours, int maxMessageBytes) {
        super(method);
        this.call = call;
        this.neighbours = neighbours;
        this.maxMessageBytes = maxMessageBytes;
    }

    void watchConnection() {
        neighbours.add(onConnectionEnd);
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

    /** The client's doing on the connection's thread; Helidon's own on the call's, where it could not read a message. */
    @Override
    public void onCancel() {
        if (call.isOnItsThread()) {
            unreadable();
        } else {
            end();
        }
    }

    @Override
    public void onComplete() {
        neighbours.remove(onConnectionEnd);
        guarded(super::onComplete);
    }

    private void unreadable() {
        LOG.log(System.Logger.Level.INFO, "unreadable gRPC message api=grpc client={0}", Callers.ofAddress(call));
        guarded(() -> call.fail(ApiException.of(
                ErrorCode.INVALID_REQUEST,
                "the request of %s must be one valid, uncompressed message of at most %s bytes"
                        .formatted(call.getMethodDescriptor().getBareMethodName(), maxMessageBytes))));
        guarded(super::onCancel);
    }

    private void connectionEnded() {
        end();
        call.interrupt();
    }

    private void end() {
        neighbours.remove(onConnectionEnd);
        call.abandon();
        guarded(super::onCancel);
    }

    private void guarded(Runnable callback) {
        try {
            callback.run();
        } catch (CloseConnectionException e) {
            throw e;
        } catch (Throwable e) {
            call.fail(e);
        }
    }
}
