package dev.mobilediffusion.server.transport;

import java.time.Duration;

/** A request's body did not come within its time; the connection is to end after the reply that says so. */
public final class SlowBodyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    SlowBodyException(Duration limit) {
        super("the body must come within %s s".formatted(limit.toMillis() / 1000.0));
    }
}
