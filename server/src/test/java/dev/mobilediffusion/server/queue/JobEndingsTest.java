package dev.mobilediffusion.server.queue;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.BOB;
import static dev.mobilediffusion.server.queue.QueueFixture.attached;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How jobs end otherwise than with images: cancelled, late, failed, left. */
final class JobEndingsTest {

    @TempDir
    private Path data;

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
