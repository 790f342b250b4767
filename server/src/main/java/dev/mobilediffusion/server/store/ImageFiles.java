package dev.mobilediffusion.server.store;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.ImageContent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Pictures as files, {@code pictures/JOB/INDEX.FORMAT}. A file under its own name is complete, whenever the power went:
 * it is written as {@code .part}, brought to the disk, renamed, and its folder brought to the disk.
 */
final class ImageFiles {

    private static final String PART = ".part";

    private final Path root;
    private final FileLayer files;

    ImageFiles(Path root, FileLayer files) throws IOException {
        this.root = root;
        this.files = files;
        Files.createDirectories(root);
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

    ImageContent content(String jobId, int index, ImageFormat format) {
        Path file = file(jobId, index, format);
        return new ImageContent() {
            @Override
            public long size() {
                return found(() -> Files.size(file));
            }

            @Override
            public InputStream open() {
                return found(() -> files.open(file));
            }

            @Override
            public byte[] read() {
                return StorageErrors.readAll(this);
            }
        };
    }

    private static <T> T found(Look<T> look) {
        try {
            return look.look();
        } catch (NoSuchFileException e) {
            throw ApiException.of(ErrorCode.NOT_FOUND, "the picture has expired", e);
        } catch (IOException e) {
            throw StorageErrors.of(e);
        }
    }

    @FunctionalInterface
    private interface Look<T> {
        T look() throws IOException;
    }

    boolean exists(String jobId, int index, ImageFormat format) {
        return Files.isRegularFile(file(jobId, index, format));
    }

    void deleteJob(String jobId) {
        Path folder = root.resolve(jobId);
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> content = Files.list(folder)) {
            content.forEach(ImageFiles::deleteQuietly);
        } catch (IOException | UncheckedIOException e) {
            throw StorageErrors.of(e instanceof UncheckedIOException u ? u.getCause() : (IOException) e);
        }
        deleteQuietly(folder);
    }

    /** Removes what a power cut left behind: half-written files, and folders of jobs that nobody knows. */
    void sweep(Set<String> knownJobs) {
        try (Stream<Path> folders = Files.list(root)) {
            for (Path folder : folders.toList()) {
                String jobId = folder.getFileName().toString();
                if (knownJobs.contains(jobId)) {
                    deleteParts(folder);
                } else {
                    deleteJob(jobId);
                }
            }
        } catch (IOException e) {
            throw StorageErrors.of(e);
        }
    }

    private static void deleteParts(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
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
