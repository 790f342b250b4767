package dev.mobilediffusion.server.models;

import java.time.Duration;

/** Has the registry unload, every now and then, what nobody asks for any more. */
public final class IdleModels implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(IdleModels.class.getName());
    private static final Duration LEAST_PERIOD = Duration.ofMillis(10);

    private final ModelRegistry models;
    private final Duration idle;
    private final Thread thread;

    private IdleModels(ModelRegistry models, Duration idle) {
        this.models = models;
        this.idle = idle;
        this.thread = Thread.ofPlatform().daemon().name("idle-models").unstarted(this::run);
    }

    /** @param idle time without an image after which a model is unloaded */
    public static IdleModels watch(ModelRegistry models, Duration idle) {
        IdleModels watch = new IdleModels(models, idle);
        watch.thread.start();
        return watch;
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void run() {
        Duration quarter = idle.dividedBy(4);
        Duration period = quarter.compareTo(LEAST_PERIOD) < 0 ? LEAST_PERIOD : quarter;
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.sleep(period);
                unload();
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void unload() {
        try {
            models.unloadIdle(idle);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a model could not be unloaded", e);
        }
    }
}
