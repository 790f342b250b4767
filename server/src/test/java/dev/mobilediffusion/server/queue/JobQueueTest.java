package dev.mobilediffusion.server.queue;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.BOB;
import static dev.mobilediffusion.server.queue.QueueFixture.attached;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
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
    void drawsAImagePerSeedAndTimesItsStages() throws InterruptedException {
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
    void aJobCancelledInTheQueueNeverRuns() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job running = fixture.queue.submit(attached("running", 1), ALICE);
            fixture.pipeline.awaitStart();
            Job waiting = fixture.queue.submit(attached("waiting", 2), ALICE);

            assertThat(fixture.queue.cancel(waiting), is(true));
            assertThat(fixture.queue.cancel(waiting), is(false));
            fixture.pipeline.allow(1);
            finished(running);

            assertThat(waiting.state(), is(JobState.CANCELLED));
            assertThat(fixture.pipeline.finished(), hasSize(1));
            assertThat(fixture.queue.depth(), is(0));
        }
    }

    @Test
    void aJobCancelledInsideAStageStopsAndTheNextOneRunsRight() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job running = fixture.queue.submit(attached("running", 1), ALICE);
            fixture.pipeline.awaitStart();

            fixture.queue.cancel(running);
            Job next = fixture.queue.submit(attached("next", 2), ALICE);
            fixture.pipeline.awaitStart();
            fixture.pipeline.allow(1);

            assertThat(finished(next).state(), is(JobState.SUCCEEDED));
            assertThat(finished(next).images().getFirst().bytes()[0], is((byte) 2));
            assertThat(running.state(), is(JobState.CANCELLED));
            assertThat(running.status().images(), hasSize(0));
        }
    }

    @Test
    void aJobThatIsTooLateIsDroppedBeforeItRuns() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            fixture.queue.submit(attached("running", 1), ALICE);
            fixture.pipeline.awaitStart();
            Job late = fixture.queue.submit(attached("late", 2).withTimeout(Duration.ofMillis(30)), BOB);

            JobStatus status = finished(late);

            assertThat(status.state(), is(JobState.FAILED));
            assertThat(status.error().orElseThrow().code(), is(ErrorCode.DEADLINE_EXCEEDED));
            assertThat(fixture.queue.depth(), is(0));
        }
    }

    @Test
    void aRunningJobIsStoppedAtItsDeadline() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job job = fixture.queue.submit(attached("slow", 1).withTimeout(Duration.ofMillis(50)), ALICE);

            assertThat(finished(job).error().orElseThrow().code(), is(ErrorCode.DEADLINE_EXCEEDED));
            Job next = fixture.queue.submit(attached("next", 2), ALICE);
            fixture.pipeline.allow(1);
            assertThat(finished(next).state(), is(JobState.SUCCEEDED));
        }
    }

    @Test
    void aFailingImageFailsItsJobWithoutSecretsAndTheWorkerLivesOn() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 8)) {
            JobError boom = finished(fixture.queue.submit(attached("boom", 1), ALICE))
                    .error()
                    .orElseThrow();
            JobError oom = finished(fixture.queue.submit(attached("oom", 1), ALICE))
                    .error()
                    .orElseThrow();
            JobError picky = finished(fixture.queue.submit(attached("picky", 1), ALICE))
                    .error()
                    .orElseThrow();

            assertThat(boom.code(), is(ErrorCode.INFERENCE_FAILED));
            assertThat(boom.message(), not(containsString("secret")));
            assertThat(oom.code(), is(ErrorCode.INTERNAL));
            assertThat(picky, is(new JobError(ErrorCode.INVALID_REQUEST, "prompt", "prompt must not be picky")));
            assertThat(
                    finished(fixture.queue.submit(attached("fine", 1), ALICE)).state(), is(JobState.SUCCEEDED));
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

    @Test
    void drainingRefusesNewJobsFinishesTheRunningImageAndEndsTheWorker() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job running = fixture.queue.submit(attached("running", 1), ALICE);
            fixture.pipeline.awaitStart();
            Job waiting = fixture.queue.submit(attached("waiting", 2), ALICE);

            fixture.queue.drain();
            ApiException refusal =
                    assertThrows(ApiException.class, () -> fixture.queue.submit(attached("late", 3), ALICE));
            fixture.pipeline.allow(1);

            assertThat(refusal.code(), is(ErrorCode.NOT_READY));
            assertThat(finished(waiting).error().orElseThrow().code(), is(ErrorCode.NOT_READY));
            assertThat(finished(running).state(), is(JobState.SUCCEEDED));
            assertThat(fixture.awaitWorkerEnd(), is(true));
        }
    }

    @Test
    void aClientThatHasGoneTakesItsAttachedJobWithItButNotADurableOne() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 8)) {
            Job attachedJob = fixture.queue.submit(attached("attached", 1), ALICE);
            Job durableJob = fixture.queue.submit(QueueFixture.durable("durable", 2), ALICE);

            fixture.queue.abandon(attachedJob);
            fixture.queue.abandon(durableJob);
            fixture.pipeline.allow(1);

            assertThat(attachedJob.state(), is(JobState.CANCELLED));
            assertThat(finished(durableJob).state(), is(JobState.SUCCEEDED));
        }
    }
}
