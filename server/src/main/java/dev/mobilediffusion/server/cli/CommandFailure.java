package dev.mobilediffusion.server.cli;

/** A command could not do its work, for a reason that one sentence tells; the process ends with {@link #EXIT_CODE}. */
final class CommandFailure extends RuntimeException {

    static final int EXIT_CODE = 1;

    private static final long serialVersionUID = 1L;

    CommandFailure(String message) {
        super(message);
    }

    CommandFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
