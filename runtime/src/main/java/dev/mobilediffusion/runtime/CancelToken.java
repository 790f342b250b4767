package dev.mobilediffusion.runtime;

import java.util.ArrayList;
import java.util.List;

/**
 * Tells a running image to stop. Fires once and stays fired; safe for use by any thread.
 *
 * <p>Code that computes asks {@link #throwIfCancelled} between pieces of work; code inside a native call registers with
 * {@link #onCancel} and takes the registration back with {@link Registration#close} when the call returns.
 */
public final class CancelToken {

    private final List<Runnable> actions = new ArrayList<>();
    private boolean cancelled;

    /** Fires the token: every registered action runs now, on this thread. Later calls do nothing. */
    public void cancel() {
        List<Runnable> due;
        synchronized (this) {
            if (cancelled) {
                return;
            }
            cancelled = true;
            due = List.copyOf(actions);
            actions.clear();
        }
        due.forEach(Runnable::run);
    }

    public synchronized boolean isCancelled() {
        return cancelled;
    }

    /** @throws InferenceException with code CANCELLED once the token has fired */
    public void throwIfCancelled() {
        if (isCancelled()) {
            throw new InferenceException(InferenceException.Code.CANCELLED, "cancelled");
        }
    }

    /** Runs {@code action} when the token fires, or at once when it already has. */
    public Registration onCancel(Runnable action) {
        synchronized (this) {
            if (!cancelled) {
                actions.add(action);
                return () -> remove(action);
            }
        }
        action.run();
        return () -> {};
    }

    private synchronized void remove(Runnable action) {
        actions.remove(action);
    }

    /** An action that waits for the token; closing it means that the action is no longer wanted. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
