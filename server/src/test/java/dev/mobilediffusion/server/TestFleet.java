package dev.mobilediffusion.server;

import dev.mobilediffusion.server.fleet.BoardFacts;
import dev.mobilediffusion.server.fleet.FleetJobQueue;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.LocalJobQueue;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Lets tests of the APIs run on a fleet's queue: with {@code -Dmobilediffusion.test.queue=nats} each fixture is a board
 * with a NATS of its own.
 */
public final class TestFleet implements AutoCloseable {

    /** Long enough for a loaded machine; nothing waits for it where all boards live. */
    private static final Duration ACKNOWLEDGE = Duration.ofSeconds(5);

    private final NatsProcess nats;

    private TestFleet(NatsProcess nats) {
        this.nats = nats;
    }

    /** A fleet for a fixture whose files lie in {@code folder}; empty where tests run on the queue in SQLite. */
    public static Optional<TestFleet> wanted(Path folder) {
        return "nats".equals(System.getProperty("mobilediffusion.test.queue"))
                ? Optional.of(new TestFleet(NatsProcess.start(folder.resolve("nats"))))
                : Optional.empty();
    }

    public static FleetOptions options(String url, String board) {
        return new FleetOptions(
                List.of(url),
                Optional.empty(),
                FleetOptions.Offline.REFUSE,
                board,
                ACKNOWLEDGE,
                Duration.ofDays(1),
                OptionalInt.empty());
    }

    FleetOptions options() {
        return options(nats.url(), "test");
    }

    /** A board's queue in this fleet, for a fixture without a server. */
    public JobQueue join(LocalJobQueue own) {
        JobQueue queue = FleetJobQueue.join(
                own,
                options(),
                JobObserver.NONE,
                new BoardFacts("test", () -> Set.of("fake", "other"), Optional::empty));
        awaitReady(queue);
        return queue;
    }

    /** Waits until a board has joined. */
    public static void awaitReady(JobQueue queue) {
        await("the board did not join its fleet", () -> queue.obstacle().isEmpty());
    }

    /** Waits up to 30 s until something has come to pass. */
    public static void await(String otherwise, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError(otherwise);
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(otherwise, e);
            }
        }
    }

    @Override
    public void close() {
        nats.close();
    }
}
