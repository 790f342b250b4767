package dev.mobilediffusion.server.fleet;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Tells NATS of drawing beside the drawing, one after the other: a picture does not wait for NATS's answer to its first step.
 * Thread-safe.
 */
final class InOrder {

    private static final System.Logger LOG = System.getLogger(InOrder.class.getName());

    /** A daemon's, which needs no closing: what is told late is in the records, too. */
    private final ExecutorService teller = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("fleet-teller").factory());

    void run(Runnable telling) {
        teller.execute(() -> {
            try {
                telling.run();
            } catch (RuntimeException away) {
                LOG.log(System.Logger.Level.DEBUG, "fleet: not told: {0}", away.getMessage());
            }
        });
    }

    /** Returns when all that was to be told before is told. */
    void await() {
        CompletableFuture.runAsync(() -> {}, teller).join();
    }
}
