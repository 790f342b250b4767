package dev.mobilediffusion.server.queue;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.BOB;
import static dev.mobilediffusion.server.queue.QueueFixture.attached;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JobQueueTest {

    @TempDir
    private Path data;

    @Test
    void drawsAnImagePerSeedAndTimesItsStages() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            JobStatus status =
                    finished(fixture.queue.submit(attached("a house", 7).withCount(3), ALICE));

            assertThat(status.state(), is(JobState.SUCCEEDED));
            assertThat(status.images().stream().map(JobImage::seed).toList(), contains(7L, 8L, 9L));
            assertThat(status.timings().of(Stage.UNET), is(Duration.ofMillis(90)));
            assertThat(status.timings().durations().containsKey(Stage.QUEUE), is(true));
            assertThat(status.timings().durations().containsKey(Stage.ENCODE), is(true));
        }
    }

    @Test
    void anAttachedJobLetsGoOfItsImagesOnceTheyAreHandedOver() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            Job job = fixture.queue.submit(attached("a house", 7), ALICE);
            JobStatus before = finished(job);
            fixture.queue.handedOver(job);

            JobImage after = job.status().images().getFirst();
            assertThat(after.sha256(), is(before.images().getFirst().sha256()));
            assertThat(job.status().timings(), is(before.timings()));
            assertThat(assertThrows(ApiException.class, after::bytes).code(), is(ErrorCode.NOT_FOUND));
            assertThat(
                    job.eventsAfter(0).stream()
                            .filter(JobEvent.ImageReady.class::isInstance)
                            .toList(),
                    hasSize(0));
        }
    }

    @Test
    void aDurableJobKeepsItsImagesForWhoeverComesLater() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            Job job = fixture.queue.submit(QueueFixture.durable("a house", 7), ALICE);
            byte[] before = finished(job).images().getFirst().bytes();
            fixture.queue.handedOver(job);

            assertThat(job.status().images().getFirst().bytes(), is(before));
        }
    }

    @Test
    void refusesTheJobAfterTheLastThatFitsAndSaysWhenToComeBack() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 2)) {
            fixture.queue.submit(attached("running", 1), ALICE);
            fixture.pipeline.awaitStart();
            fixture.queue.submit(attached("waiting", 2), ALICE);
            fixture.queue.submit(attached("waiting", 3), BOB);

            ApiException full =
                    assertThrows(ApiException.class, () -> fixture.queue.submit(attached("too many", 4), BOB));

            assertThat(full.code(), is(ErrorCode.RATE_LIMIT_EXCEEDED));
            assertThat(full.retryAfter().orElseThrow(), greaterThan(Duration.ZERO));
            assertThat(fixture.queue.depth(), is(2));
        }
    }

    @Test
    void imagesOfJobsInterleaveAcrossClients() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job many = fixture.queue.submit(attached("many", 10).withCount(4), ALICE);
            fixture.pipeline.awaitStart();
            Job one = fixture.queue.submit(attached("one", 100), BOB);
            fixture.pipeline.allow(5);
            finished(many);
            finished(one);

            List<Long> seeds =
                    fixture.pipeline.finished().stream().map(ImageRequest::seed).toList();
            assertThat(seeds.indexOf(100L) <= 2, is(true));
            assertThat(seeds, hasSize(5));
        }
    }

    @Test
    void tellsPositionAndTimeLeftOfEachWaitingJob() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job running = fixture.queue.submit(attached("running", 1), ALICE);
            fixture.pipeline.awaitStart();
            Job first = fixture.queue.submit(attached("first", 2), ALICE);
            Job second = fixture.queue.submit(attached("second", 3), BOB);

            assertThat(fixture.queue.estimate(running).orElseThrow().position(), is(0));
            assertThat(fixture.queue.estimate(first).orElseThrow().position(), is(1));
            QueueEstimate last = fixture.queue.estimate(second).orElseThrow();
            assertThat(last.position(), is(2));
            assertThat(
                    last.eta(),
                    greaterThan(fixture.queue.estimate(first).orElseThrow().eta()));
        }
    }

    @Test
    void watchersSeeEveryTransitionAndCanResume() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job job = fixture.queue.submit(attached("a house", 1), ALICE);
            fixture.pipeline.awaitStart();
            fixture.pipeline.allow(1);
            finished(job);

            List<JobEvent> all = job.eventsAfter(0);
            List<Class<?>> kinds = new ArrayList<>();
            all.forEach(event -> kinds.add(event.getClass()));

            assertThat(kinds.getFirst(), is((Object) JobEvent.Queued.class));
            assertThat(all.getLast(), instanceOf(JobEvent.Finished.class));
            assertThat(kinds.contains(JobEvent.ImageReady.class), is(true));
            long third = all.get(2).id();
            assertThat(job.eventsAfter(third), is(all.subList(3, all.size())));
            assertThat(job.awaitEventsAfter(all.getLast().id(), Duration.ofMillis(1)), hasSize(0));
        }
    }

    @Test
    void sixtyFourClientsAtOnceAreAllServedAndNoneTwice() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 64)) {
            List<Job> jobs = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                long seed = i;
                threads.add(Thread.startVirtualThread(() -> {
                    Job job = fixture.queue.submit(attached("a house", seed), ClientId.ofAddress("10.0.0." + seed));
                    synchronized (jobs) {
                        jobs.add(job);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            for (Job job : jobs) {
                assertThat(finished(job).state(), is(JobState.SUCCEEDED));
                assertThat(
                        job.status().images().getFirst().seed(),
                        is(job.spec().request().seed()));
            }
            assertThat(fixture.pipeline.finished(), hasSize(64));
        }
    }
}
