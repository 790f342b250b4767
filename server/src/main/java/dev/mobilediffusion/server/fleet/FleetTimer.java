package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** What is done again and again; a failure is logged, and the next time comes all the same. */
final class FleetTimer implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(FleetTimer.class.getName());

    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(
            2, Thread.ofPlatform().daemon().name("fleet-timer", 0).factory());

    void every(Duration period, Runnable task) {
        ScheduledFuture<?> unused = executor.scheduleWithFixedDelay(
                () -> guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (ApiException away) {
            LOG.log(System.Logger.Level.DEBUG, "fleet: {0}", away.getMessage());
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "fleet: a timed task failed", e);
        }
    }
}
