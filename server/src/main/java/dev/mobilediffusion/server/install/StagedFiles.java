package dev.mobilediffusion.server.install;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the files of one model into its staging folder, and counts the bytes. For one thread. */
final class StagedFiles {

    private static final int CHUNK_BYTES = 1 << 17;

    private final Path staging;
    private final long total;
    private final InstallProgress progress;
    private long done;

    /** @throws InstallException when the disk has no room for {@code total} bytes */
    StagedFiles(Path staging, long total, InstallProgress progress) throws IOException {
        this.staging = staging;
        this.total = total;
        this.progress = progress;
        long free = Files.getFileStore(staging).getUsableSpace();
        if (total > free) {
            throw new InstallException(
                    "the model needs %s MB, the disk of %s has %s MB free; make room or name another folder with --models"
                            .formatted(total >> 20, staging.getParent(), free >> 20));
        }
    }

    /**
     * Copies {@code in} to the file {@code name}.
     *
     * @param limit bytes that the file may have
     * @throws InstallException when there are more
     */
    void write(String name, InputStream in, long limit) throws IOException {
        Path file = resolve(name);
        Files.createDirectories(file.getParent());
        byte[] chunk = new byte[CHUNK_BYTES];
        long size = 0;
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                size += read;
                if (size > limit) {
                    throw new InstallException(
                            "%s is larger than the %s bytes that were announced for it; the archive is damaged or a bomb, get it from its maker again"
                                    .formatted(name, limit));
                }
                out.write(chunk, 0, read);
                advance(name, read);
            }
        }
    }

    void advance(String name, long bytes) {
        done += bytes;
        progress.onBytes(name, done, total);
    }

    /** Where the file {@code name} belongs. */
    Path resolve(String name) {
        return resolve(staging, name);
    }

    /** @throws InstallException when {@code name} points outside of {@code folder} */
    static Path resolve(Path folder, String name) {
        boolean odd = name.isEmpty()
                || name.startsWith("/")
                || name.contains("\\")
                || name.contains(":")
                || name.indexOf(0) >= 0;
        Path file = odd ? folder : folder.resolve(name).normalize();
        if (odd || !file.startsWith(folder) || file.equals(folder)) {
            throw new InstallException(
                    "the file name '%s' points outside of the model; do not trust where it comes from".formatted(name));
        }
        return file;
    }
}
