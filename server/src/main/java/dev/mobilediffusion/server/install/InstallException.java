package dev.mobilediffusion.server.install;

/** A model that could not be installed or removed, in one sentence that names the file and what to do. */
public final class InstallException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean resumable;

    InstallException(String sentence) {
        this(sentence, null, false);
    }

    InstallException(String sentence, Throwable cause) {
        this(sentence, cause, false);
    }

    private InstallException(String sentence, Throwable cause, boolean resumable) {
        super(sentence, cause);
        this.resumable = resumable;
    }

    /** A download that broke off: what came is kept, and the same command goes on from there. */
    static InstallException brokenOff(String sentence, Throwable cause) {
        return new InstallException(sentence, cause, true);
    }

    boolean isResumable() {
        return resumable;
    }
}
