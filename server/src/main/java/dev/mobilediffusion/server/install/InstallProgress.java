package dev.mobilediffusion.server.install;

/** Told how far an installation is, on the installing thread. */
@FunctionalInterface
public interface InstallProgress {

    /**
     * @param file that is being copied, its path within the model
     * @param done bytes of all files so far
     * @param total bytes of all files
     */
    void onBytes(String file, long done, long total);
}
