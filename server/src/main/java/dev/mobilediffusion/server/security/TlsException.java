package dev.mobilediffusion.server.security;

/** A certificate or its key cannot be read, made or used, for a reason that the message tells in one sentence. */
public final class TlsException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    TlsException(String message) {
        super(message);
    }

    TlsException(String message, Throwable cause) {
        super(message, cause);
    }
}
