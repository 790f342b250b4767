package dev.mobilediffusion.server.grpc;

import java.time.Duration;

/** Hears of every call to the service that has ended, for metrics. Implementations are thread-safe and never throw. */
@FunctionalInterface
public interface CallObserver {

    /** @param outcome {@code success} or an error's label */
    void ended(String outcome, Duration took);
}
