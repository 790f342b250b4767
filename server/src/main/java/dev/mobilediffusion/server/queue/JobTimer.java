package dev.mobilediffusion.server.queue;

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
    private final Map<String, ScheduledFuture<?>> tasks = new ConcurrentHashMap<>();

    JobTimer() {
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "job-timer");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void every(String name, Duration period, Runnable task) {
        tasks.put(
                name,
                executor.scheduleWithFixedDelay(
                        () -> guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS));
    }

    void at(String name, Duration delay, Runnable task) {
        tasks.put(name, executor.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS));
    }

    /** Once, and not to be cancelled. */
    void after(Duration delay, Runnable task) {
        ScheduledFuture<?> unused = executor.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    void cancel(String name) {
        ScheduledFuture<?> task = tasks.remove(name);
        if (task != null) {
            task.cancel(false);
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
