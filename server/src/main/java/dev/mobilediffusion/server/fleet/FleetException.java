package dev.mobilediffusion.server.fleet;

/** NATS is there and cannot be used as it is; the message says why, for the owner. */
final class FleetException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    FleetException(String message) {
        super(message);
    }

    FleetException(String message, Throwable cause) {
        super(message, cause);
    }
}
