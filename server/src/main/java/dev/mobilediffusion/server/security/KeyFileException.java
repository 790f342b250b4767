package dev.mobilediffusion.server.security;

/** The file of keys cannot be read, written or understood, for a reason that the message tells in one sentence. */
public final class KeyFileException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    KeyFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
