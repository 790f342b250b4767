package dev.mobilediffusion.server.store;

/** The data folder was written by a newer server. */
public final class UnknownSchemaException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnknownSchemaException(int found, int known) {
        super(
                "the data folder has schema version %s, but this server knows versions up to %s; use a newer server or another --data folder"
                        .formatted(found, known));
    }
}
