package dev.mobilediffusion.server.store;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.files.PrivateFiles;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.JobImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Images as files, {@code images/JOB/INDEX.FORMAT}. A file under its own name is complete, whenever the power went:
 * it is written as {@code .part}, brought to the disk, renamed, and its folder brought to the disk.
 */
final class ImageFiles {

    private static final String PART = ".part";

    private final Path root;
    private final FileLayer files;

    ImageFiles(Path root, FileLayer files) {
        this.root = root;
        this.files = files;
    }

    /** Makes the folder, where it is missing, and keeps others out of it. */
    void prepare() throws IOException {
        PrivateFiles.createFolder(root);
        PrivateFiles.makePrivate(root);
    }

    void write(String jobId, int index, ImageFormat format, byte[] bytes) {
        Path target = file(jobId, index, format);
        Path part = target.resolveSibling(target.getFileName() + PART);
        try {
            if (!Files.isDirectory(target.getParent())) {
                Files.createDirectory(target.getParent());
                files.syncFolder(root);
            }
            files.writeThrough(part, bytes);
            files.rename(part, target);
            files.syncFolder(target.getParent());
        } catch (IOException e) {
            deleteQuietly(part);
            throw StorageErrors.of(e);
        }
    }

    /** The content of a stored image, which the store's row says has {@code size} bytes with that hash. */
    ImageContent content(String jobId, int index, ImageFormat format, long size, String sha256) {
        return new StoredImage(file(jobId, index, format), size, sha256, files);
    }

    /** Whether reading {@code image} works. */
    static boolean isIntact(JobImage image) {
        try {
            image.content().check();
            return true;
        } catch (ApiException damaged) {
            return false;
        }
    }

    Path root() {
        return root;
    }

    /** Removes a job's folder; whether it is gone now. */
    boolean deleteJob(String jobId) {
        Path folder = root.resolve(jobId);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return true; // never leads elsewhere: what a link points to is not the store's
        }
        try (Stream<Path> content = Files.list(folder)) {
            content.forEach(ImageFiles::deleteQuietly);
        } catch (IOException | UncheckedIOException e) {
            throw StorageErrors.of(e instanceof UncheckedIOException u ? u.getCause() : (IOException) e);
        }
        deleteQuietly(folder);
        return !Files.exists(folder);
    }

    /** Removes the files of {@code jobId} that a power cut left half-written. */
    void deleteParts(String jobId) throws IOException {
        try (Stream<Path> content = Files.list(root.resolve(jobId))) {
            content.filter(file -> file.toString().endsWith(PART)).forEach(ImageFiles::deleteQuietly);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The next sweep finds it; the job's own failure is what matters now
            System.getLogger(ImageFiles.class.getName())
                    .log(System.Logger.Level.DEBUG, "cannot remove {0}", file.getFileName());
        }
    }

    private Path file(String jobId, int index, ImageFormat format) {
        return root.resolve(jobId).resolve(index + "." + format.label());
    }
}
