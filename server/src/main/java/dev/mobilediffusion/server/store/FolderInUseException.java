package dev.mobilediffusion.server.store;

import java.nio.file.Path;

/** Another server works on the data folder. */
public final class FolderInUseException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    FolderInUseException(Path folder, String pid) {
        super("the data folder %s is in use by another server%s; give this one its own --data folder"
                .formatted(folder, pid.isEmpty() ? "" : " (process " + pid + ")"));
    }
}
