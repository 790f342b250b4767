package dev.mobilediffusion.server.fleet;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.NatsProcess;
import dev.mobilediffusion.server.TestFleet;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.queue.ImageTask;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.LocalJobQueue;
import dev.mobilediffusion.server.queue.QueueLimits;
import dev.mobilediffusion.server.store.Retention;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boards whose clocks are two hours apart, on a real NATS. */
final class FleetTimeTest {

    private static final ClientId ALICE = ClientId.ofKey("alice");
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    private Path folder;

    @Test
    void deadlinesGoByTheTimeOfNats() throws Exception {
        try (NatsProcess nats = NatsProcess.start(folder.resolve("nats"));
                FleetJobQueue early = board(nats, "early", HOUR.negated(), Set.of("fake"));
                FleetJobQueue late = board(nats, "late", HOUR, Set.of())) {
            Job job = late.submit(spec(1, Duration.ofMinutes(10)), ALICE);

            ImageTask task = early.work().take().orElseThrow();
            assertThat("not late on a board whose clock goes wrong", early.work().begin(task), is(true));
            assertThat(task.job().id(), is(job.id()));
            Instant told = job.status().createdAt();
            assertThat(Duration.between(told, Instant.now()).abs(), lessThan(Duration.ofMinutes(5)));
            assertThat(late.cancel(job), is(true));
            early.work().done(task, Optional.empty());

            Job expiring = late.submit(spec(2, Duration.ofSeconds(1)), ALICE);
            assertThat(expiring.awaitFinished(Duration.ofSeconds(60)), is(true));
            assertThat(expiring.state(), is(JobState.FAILED));
            assertThat(expiring.status().error().orElseThrow().code(), is(ErrorCode.DEADLINE_EXCEEDED));
        }
    }

    /** @param fast how far its clock is ahead of the right time */
    private FleetJobQueue board(NatsProcess nats, String name, Duration fast, Set<String> models) {
        LocalJobQueue own = LocalJobQueue.open(
                folder.resolve(name),
                new Retention(Duration.ofDays(1), 1 << 20, 0),
                QueueLimits.ofJobs(4),
                JobObserver.NONE,
                Clock.systemUTC());
        FleetJobQueue queue = FleetJobQueue.join(
                own,
                TestFleet.options(nats.url(), name),
                JobObserver.NONE,
                new BoardFacts("test", () -> models, Optional::empty),
                Clock.offset(Clock.systemUTC(), fast));
        TestFleet.awaitReady(queue);
        return queue;
    }

    private static JobSpec spec(long seed, Duration timeout) {
        return JobSpec.of("fake", ImageRequest.of("a house", seed))
                .withLifetime(Lifetime.DURABLE)
                .withTimeout(timeout);
    }
}
