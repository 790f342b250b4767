package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.nio.file.Path;

/** Where a model comes from. */
interface ModelSource {

    /** What the model is called unless somebody says otherwise. */
    String name();

    /**
     * Copies the model's files into {@code staging}, which may hold what an earlier try left there.
     *
     * @throws IOException when a disk failed; everything else is an {@link InstallException}
     */
    void copyTo(Path staging, InstallProgress progress) throws IOException;

    /** Whether a try that failed is worth keeping, so that the next one goes on from there. */
    default boolean isResumable() {
        return false;
    }
}
