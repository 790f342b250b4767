package dev.mobilediffusion.server.job;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Deadlines of jobs and the regular clearing up, on one thread. */
final class JobTimer implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(JobTimer.class.getName());

    private final ScheduledThreadPoolExecutor executor;
    private final Map<String, ScheduledFuture<?>> deadlines = new ConcurrentHashMap<>();

    JobTimer() {
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "job-timer");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void every(Duration period, Runnable task) {
        executor.scheduleWithFixedDelay(
                () -> guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    void at(String jobId, Duration delay, Runnable task) {
        deadlines.put(jobId, executor.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS));
    }

    void cancel(String jobId) {
        ScheduledFuture<?> deadline = deadlines.remove(jobId);
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

    /** An exception would end a repeated task for good, and nobody would hear of it. */
    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a timed task of the job queue failed", e);
        }
    }
}
