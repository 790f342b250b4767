package dev.mobilediffusion.server.store;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.BOB;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.sameInstance;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Idempotency;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.QueueFixture;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class JobStoreTest extends StoreFixture {

    private static final Idempotency KEY = new Idempotency("retry-1", "aa");

    @Test
    void aFinishedJobAndItsImagesOutliveTheServer() throws InterruptedException {
        JobSpec spec = durable("a house", 7)
                .withCount(2)
                .withTimeout(Duration.ofMinutes(5))
                .withIdempotency(KEY);
        JobStatus before;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            before = finished(fixture.queue.submit(spec, ALICE));
        }
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            Job job = fixture.queue.find(before.id()).orElseThrow();

            assertThat(job.spec(), is(spec));
            assertThat(job.status().state(), is(JobState.SUCCEEDED));
            assertThat(
                    job.status().timings().of(Stage.UNET), is(before.timings().of(Stage.UNET)));
            assertThat(job.status().images().get(1).bytes()[0], is((byte) 8));
            assertThat(
                    job.status().images().get(1).sha256(),
                    is(before.images().get(1).sha256()));
            assertThat(fixture.pipeline.hasStarted(), is(false));
        }
    }

    @Test
    void theLastJobsThatEndedKeepTheirEventsAndOlderOnesTheirEnd() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            List<Job> jobs = new ArrayList<>();
            for (int seed = 0; seed < 66; seed++) {
                jobs.add(fixture.queue.submit(durable("one of many", seed), ALICE));
                finished(jobs.getLast());
            }

            for (Job job : jobs.subList(10, 66)) {
                List<JobEvent> all = job.eventsAfter(0);
                long seen = all.get(all.size() - 3).id();
                assertThat(fixture.queue.find(job.id()).orElseThrow().eventsAfter(seen), hasSize(2));
            }
            Job oldest = fixture.queue.find(jobs.getFirst().id()).orElseThrow();
            assertThat(oldest, is(not(sameInstance(jobs.getFirst()))));
            assertThat(oldest.status().images(), hasSize(1));
        }
    }

    @Test
    void aFailedJobKeepsItsReason() throws InterruptedException {
        String id;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            id = finished(fixture.queue.submit(durable("picky", 7), ALICE)).id();
        }
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            JobStatus status = fixture.queue.find(id).orElseThrow().status();

            assertThat(status.state(), is(JobState.FAILED));
            assertThat(
                    status.error(),
                    is(Optional.of(new JobError(ErrorCode.INVALID_REQUEST, "prompt", "prompt must not be picky"))));
        }
    }

    @Test
    void whatADrainLeavesWaitingRunsAfterTheNextStart() throws InterruptedException {
        Job running;
        Job waiting;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 4)) {
            running = fixture.queue.submit(durable("running", 1).withCount(3), ALICE);
            waiting = fixture.queue.submit(durable("waiting", 10), BOB);
            fixture.pipeline.awaitStart();
        }
        assertThat(waiting.state(), is(JobState.QUEUED));
        long lastEvent = running.eventsAfter(0).getLast().id();
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            Job again = fixture.queue.find(running.id()).orElseThrow();
            Job waited = fixture.queue.find(waiting.id()).orElseThrow();

            assertThat(finished(waited).images(), hasSize(1));
            assertThat(finished(again).images(), hasSize(3));
            List<Long> drawn = fixture.pipeline.finished().stream()
                    .map(ImageRequest::seed)
                    .sorted()
                    .toList();
            assertThat("the first picture was on disk already", drawn, contains(2L, 3L, 10L));
            assertThat(again.eventsAfter(lastEvent).getFirst().id(), greaterThan(lastEvent));
        }
    }

    @Test
    void theSameKeyAndBodyJoinsTheJobWhileItRunsAndAfterARestart() throws InterruptedException {
        JobSpec spec = durable("a house", 7).withIdempotency(KEY);
        Job first;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 4)) {
            first = fixture.queue.submit(spec, ALICE);
            assertThat(fixture.queue.submit(spec, ALICE), sameInstance(first));
            fixture.pipeline.allow(1);
            finished(first);
            assertThat(fixture.queue.submit(spec, ALICE).id(), is(first.id()));
        }
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            assertThat(fixture.queue.submit(spec, ALICE).id(), is(first.id()));
            assertThat(
                    "another client's key is another key",
                    fixture.queue.submit(spec, BOB).id(),
                    is(not(first.id())));
        }
    }

    @Test
    void theSameKeyWithAnotherBodyIsRefused() {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            fixture.queue.submit(durable("a house", 7).withIdempotency(KEY), ALICE);

            ApiException refusal = assertThrows(
                    ApiException.class,
                    () -> fixture.queue.submit(
                            durable("a boat", 7).withIdempotency(new Idempotency(KEY.key(), "bb")), ALICE));

            assertThat(refusal.code(), is(ErrorCode.IDEMPOTENCY_KEY_REUSED));
        }
    }

    @Test
    void aSecondServerOnTheFolderRefusesToStartAndSaysWhy() {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            FolderInUseException refusal =
                    assertThrows(FolderInUseException.class, () -> new QueueFixture(data, fixture.pipeline, 4));

            assertThat(refusal.getMessage(), containsString("in use by another server"));
            assertThat(
                    refusal.getMessage(),
                    containsString(Long.toString(ProcessHandle.current().pid())));
        }
    }

    @Test
    void aFolderOfTheFirstSchemaIsBroughtUpToDate() throws SQLException {
        try (Connection connection = database()) {
            JobDatabase.migrate(connection, JobDatabase.MIGRATIONS.subList(0, 1));
            try (Statement statement = connection.createStatement()) {
                statement.execute("INSERT INTO job (id, client, spec, state, attempt, created_ms) VALUES ("
                        + "'job_000000000000000000000000', 'key:alice', '"
                        + SpecJson.write(durable("a house", 7)) + "', 'queued', 0, 1)");
            }
        }
        try (JobStore store = JobStore.open(data, QueueFixture.RETENTION)) {
            Job job = store.recover().getFirst();

            assertThat(job.spec(), is(durable("a house", 7)));
            assertThat(store.findByKey(ALICE, "retry-1"), is(Optional.empty()));
        }
    }

    @Test
    void anImageOfTheSecondSchemaKeepsItsSizeAndHash() throws Exception {
        String id;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            id = finished(fixture.queue.submit(durable("a house", 7), ALICE)).id();
        }
        try (Connection connection = database()) { // back to what the second schema had
            Sql sql = new Sql(connection);
            sql.update("DROP TRIGGER job_removed");
            sql.update("DROP TABLE removed_job");
            sql.update("PRAGMA user_version = 2");
        }
        try (JobStore store = JobStore.open(data, QueueFixture.RETENTION)) {
            JobImage image = store.find(id).orElseThrow().status().images().getFirst();
            image.content().check();
            assertThat(image.content().size(), is(16L * 16 * 3));

            assertThat(store.expire(Instant.now().plus(Duration.ofDays(2))), is(1));
        }
        assertThat(Files.exists(data.resolve("pictures").resolve(id)), is(false));
    }

    @Test
    void aFolderOfANewerServerIsLeftAlone() throws SQLException {
        try (Connection connection = database();
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA user_version = 99");
        }

        UnknownSchemaException refusal = assertThrows(
                UnknownSchemaException.class,
                () -> JobStore.open(data, QueueFixture.RETENTION).close());

        assertThat(refusal.getMessage(), containsString("schema version 99"));
    }
}
