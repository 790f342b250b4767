package dev.mobilediffusion.server.nats;

/** NATS is there and cannot be used as it is; the message says why, for the owner. */
public final class UnusableNats extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public UnusableNats(String message) {
        super(message);
    }

    public UnusableNats(String message, Throwable cause) {
        super(message, cause);
    }
}
