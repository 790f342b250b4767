package dev.mobilediffusion.server.grpc;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The calls that are open on one connection, so that its end can end them. Thread-safe. */
final class OpenCalls {

    private final Set<Runnable> onEnd = new HashSet<>();
    private boolean ended;

    /** Runs {@code action} when the connection ends, or at once when it already has. */
    void add(Runnable action) {
        synchronized (this) {
            if (!ended) {
                onEnd.add(action);
                return;
            }
        }
        action.run();
    }

    synchronized void remove(Runnable action) {
        onEnd.remove(action);
    }

    synchronized boolean isEmpty() {
        return onEnd.isEmpty();
    }

    void end() {
        List<Runnable> due;
        synchronized (this) {
            ended = true;
            due = List.copyOf(onEnd);
            onEnd.clear();
        }
        due.forEach(Runnable::run);
    }
}
