package dev.mobilediffusion.server;

/** The server cannot start, for a reason that its message tells in one sentence. */
public final class StartupException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StartupException(String message, Throwable cause) {
        super(message, cause);
    }
}
