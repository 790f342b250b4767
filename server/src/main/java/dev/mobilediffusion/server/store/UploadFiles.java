package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.files.PrivateFiles;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Upload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The images that came with jobs, as files, {@code uploads/JOB.PLACE}: there before the job's row, and gone when the
 * job has ended. Thread-safe.
 */
final class UploadFiles {

    private static final System.Logger LOG = System.getLogger(UploadFiles.class.getName());

    private final Path folder;
    private final FileLayer files;

    /** Jobs whose files are there, and whose rows are about to be. */
    private final Set<String> arriving = ConcurrentHashMap.newKeySet();

    UploadFiles(Path folder, FileLayer files) {
        this.folder = folder;
        this.files = files;
    }

    /** Makes the folder, where it is missing, and keeps others out of it. */
    void prepare() throws IOException {
        PrivateFiles.createFolder(folder);
        PrivateFiles.makePrivate(folder);
    }

    /** Keeps a new job's files, all or none; {@link #arrived} follows. */
    JobSpec keep(String jobId, JobSpec spec) throws IOException {
        if (spec.uploads().isEmpty()) {
            return spec;
        }
        arriving.add(jobId);
        List<Upload> uploads = spec.uploads();
        try {
            for (int place = 0; place < uploads.size(); place++) {
                files.writeThrough(
                        file(jobId, place), uploads.get(place).content().read());
            }
            files.syncFolder(folder);
        } catch (IOException | RuntimeException e) {
            delete(jobId, spec);
            throw e;
        }
        return withFiles(jobId, spec);
    }

    /** To be called when the job's row is written, or never will be. */
    void arrived(String jobId) {
        arriving.remove(jobId);
    }

    /** {@code spec} with the bytes of its uploads in the job's files. */
    JobSpec withFiles(String jobId, JobSpec spec) {
        List<Upload> uploads = spec.uploads();
        return spec.withUploads(place -> {
            Upload upload = uploads.get(place);
            return new StoredImage(file(jobId, place), upload.size(), upload.sha256(), files)::read;
        });
    }

    /** Removes a job's files. */
    void delete(String jobId, JobSpec spec) {
        for (int place = 0; place < spec.uploads().size(); place++) {
            delete(file(jobId, place));
        }
        arriving.remove(jobId);
    }

    /** Removes the files of jobs that have ended, or that a killed server never wrote down. */
    void sweep(Set<String> unfinished) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(file -> {
                        String id = file.getFileName().toString().replaceFirst("\\..*", "");
                        return !unfinished.contains(id) && !arriving.contains(id);
                    })
                    .forEach(UploadFiles::delete);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "cannot remove an upload", e); // the next sweep tries again
        }
    }

    private Path file(String jobId, int place) {
        return folder.resolve(jobId + "." + place);
    }
}
