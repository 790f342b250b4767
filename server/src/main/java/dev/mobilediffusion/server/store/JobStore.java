package dev.mobilediffusion.server.store;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.files.PrivateFiles;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.job.RecentJobs;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Jobs that outlive the process: one SQLite file, {@code jobs.sqlite}, and images as files beside it.
 *
 * <p>What {@link #insert} has accepted is there after kill -9 or a power cut, and an image is there whole or not at
 * all: its row is written after its file. Safe for use by any thread; failures are {@link ApiException}s of the codes
 * STORAGE_FULL and STORAGE_UNAVAILABLE.
 */
public final class JobStore implements AutoCloseable {

    private final ReentrantLock lock = new ReentrantLock();
    private final RecentJobs ended = new RecentJobs();

    private final Path folder;
    private final FolderLock folderLock;
    private final Connection connection;
    private final ImageFiles images;
    private final UploadFiles uploads;
    private final FileLayer files;
    private final JobRows rows;
    private final ImageRows imageRows;
    private final Retention retention;
    private volatile boolean damaged;

    private JobStore(Path folder, FolderLock folderLock, Connection connection, FileLayer files, Retention retention)
            throws IOException {
        this.folder = folder;
        this.folderLock = folderLock;
        this.connection = connection;
        this.files = files;
        this.images = new ImageFiles(folder.resolve("pictures"), files);
        images.prepare();
        this.uploads = new UploadFiles(folder.resolve("uploads"), files);
        uploads.prepare();
        this.imageRows = new ImageRows(new Sql(connection), images);
        this.rows = new JobRows(new Sql(connection), imageRows, uploads);
        this.retention = retention;
    }

    /**
     * Opens or creates the store in {@code folder}. A damaged one is set aside, and a fresh one begun with what can be
     * read of it.
     *
     * @throws FolderInUseException when another server works on the folder
     * @throws UnknownSchemaException when a newer server wrote it
     */
    public static JobStore open(Path folder, Retention retention) {
        return open(folder, retention, FileLayer.DISK);
    }

    static JobStore open(Path folder, Retention retention, FileLayer files) {
        FolderLock folderLock = null;
        Connection connection = null;
        JobStore store = null;
        try {
            PrivateFiles.createFolder(folder);
            folderLock = FolderLock.acquire(folder);
            connection = new StoreFile(folder, files, Clock.systemUTC()).open();
            store = new JobStore(folder, folderLock, connection, files, retention);
            return store;
        } catch (IOException e) {
            throw StorageErrors.of(e);
        } catch (SQLException e) {
            throw StorageErrors.of(e);
        } finally {
            if (store == null) {
                closeQuietly(connection);
                closeQuietly(folderLock);
            }
        }
    }

    /** What was accepted and not finished, oldest first, with the images that it already has. */
    public List<Job> recover() {
        return guarded(() -> {
            rows.requeueUnfinished();
            deleteRemoved();
            new LostImages(images, rows, imageRows).takeUp();
            return rows.queued(Instant.now());
        });
    }

    /** Whether the file was found to be damaged since it was opened; opening the store again sets it aside. */
    boolean isDamaged() {
        return damaged;
    }

    /** Keeps a new job and the images that came with it, all or nothing; the same job, with its uploads in the store. */
    public Job insert(Job job) {
        try {
            guarded(() -> {
                requireRoom(job.spec().uploadBytes());
                return null;
            });
            Job kept = job.withSpec(uploads.keep(job.id(), job.spec()));
            guarded(() -> {
                rows.insert(kept);
                return null;
            });
            uploads.arrived(job.id());
            return kept;
        } catch (IOException e) {
            throw StorageErrors.of(e);
        } catch (RuntimeException e) {
            uploads.delete(job.id(), job.spec());
            throw e;
        }
    }

    /** Keeps a job that an earlier store knew, with the images that it has. */
    public void insertIfMissing(Job job) {
        guarded(() -> {
            if (rows.isMissing(job.id())) {
                rows.insert(job);
            }
            rows.updateState(job.status());
            return null;
        });
    }

    /** Keeps a job's state, times and error. */
    public void update(Job job) {
        JobStatus status = job.status();
        guarded(() -> {
            if (status.state().isFinal()) {
                ended.remember(job);
            }
            rows.updateState(status);
            if (status.state().isFinal()) {
                uploads.delete(job.id(), job.spec());
            }
            return null;
        });
    }

    /** Keeps a finished image; its content is read from the file from now on. */
    public JobImage save(Job job, JobImage image) {
        byte[] bytes = image.bytes();
        images.write(job.id(), image.index(), image.format(), bytes);
        return guarded(() -> {
            imageRows.insert(job.id(), image, bytes.length);
            return image.withContent(
                    images.content(job.id(), image.index(), image.format(), bytes.length, image.sha256()));
        });
    }

    public Optional<Job> find(String id) {
        return guarded(() -> rows.find(id).map(ended::remembered));
    }

    public Optional<Job> findByKey(ClientId client, String key) {
        return guarded(() -> rows.findByKey(client, key).map(ended::remembered));
    }

    /** Removes finished jobs that are too old or too many; how many. */
    public int expire(Instant now) {
        return guarded(() -> {
            List<String> due = new ArrayList<>(rows.finishedBefore(now.minus(retention.maxAge())));
            due.addAll(rows.finishedBeyond(retention.maxBytes()));
            for (String id : due) {
                // The row first: a row without its files would promise images that are gone
                rows.delete(id);
                ended.forget(id);
            }
            deleteRemoved();
            uploads.sweep(rows.unfinished());
            return due.size();
        });
    }

    /** The one place where images are deleted: those of jobs that the store has removed itself. */
    private void deleteRemoved() throws SQLException {
        for (String id : rows.removed()) {
            if (images.deleteJob(id)) {
                rows.forgetRemoved(id);
            }
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closeQuietly(connection);
            closeQuietly(folderLock);
        } finally {
            lock.unlock();
        }
    }

    private void requireRoom(long bytes) throws IOException {
        if (files.usableBytes(folder) - bytes < retention.minFreeBytes()) {
            throw StorageErrors.full(null);
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        if (resource == null) {
            return;
        }
        try {
            resource.close();
        } catch (Exception e) {
            System.getLogger(JobStore.class.getName()).log(System.Logger.Level.DEBUG, "cannot close the job store", e);
        }
    }

    private <T> T guarded(StorageAction<T> action) {
        lock.lock();
        try {
            return action.run();
        } catch (IOException e) {
            throw StorageErrors.of(e);
        } catch (SQLException e) {
            damaged |= DamagedStoreException.isDamage(e);
            throw StorageErrors.of(e);
        } finally {
            lock.unlock();
        }
    }

    @FunctionalInterface
    private interface StorageAction<T> {
        T run() throws IOException, SQLException;
    }
}
