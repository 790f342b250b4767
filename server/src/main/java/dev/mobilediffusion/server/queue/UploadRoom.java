package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Bounds the bytes of the images that came with jobs which have not ended: of all jobs, and of one client's, so that
 * one cannot fill the disk for the others. Thread-safe.
 */
final class UploadRoom {

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<ClientId, Long> bytes = new HashMap<>();
    private long all;

    /** @throws dev.mobilediffusion.server.error.ApiException RATE_LIMIT_EXCEEDED when there is no room for the job's images */
    void reserve(Job job) {
        lock.lock();
        try {
            long own = bytes.getOrDefault(job.client(), 0L) + job.spec().uploadBytes();
            UploadBounds.require(all + job.spec().uploadBytes(), own);
            add(job, job.spec().uploadBytes());
        } finally {
            lock.unlock();
        }
    }

    /** Counts a job of an earlier server, which was within the bounds there. */
    void recover(Job job) {
        lock.lock();
        try {
            add(job, job.spec().uploadBytes());
        } finally {
            lock.unlock();
        }
    }

    /** To be called once for each job that was reserved or recovered, when it has ended. */
    void release(Job job) {
        lock.lock();
        try {
            add(job, -job.spec().uploadBytes());
        } finally {
            lock.unlock();
        }
    }

    private void add(Job job, long change) {
        all += change;
        if (bytes.merge(job.client(), change, Long::sum) == 0) {
            bytes.remove(job.client());
        }
    }
}
