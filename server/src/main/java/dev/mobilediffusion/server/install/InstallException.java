package dev.mobilediffusion.server.install;

/** A model that could not be installed or removed, in one sentence that names the file and what to do. */
public final class InstallException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    InstallException(String sentence) {
        super(sentence);
    }

    InstallException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
