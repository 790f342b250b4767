package dev.mobilediffusion.server.store;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.attached;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.ImageSize;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobIds;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.QueueFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a store throws away, and what it does when the disk is full or not there. */
final class StoreUpkeepTest extends StoreFixture {

    @Test
    void startingRemovesWhatAPowerCutLeftHalfWritten() throws Exception {
        String id;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            id = finished(fixture.queue.submit(durable("a house", 7), ALICE)).id();
        }
        Path half = Files.write(data.resolve("pictures").resolve(id).resolve("1.png.part"), new byte[3]);
        Path removed = Files.createDirectories(data.resolve("pictures/job_zzzzzzzzzzzzzzzzzzzzzzzz"));
        Files.write(removed.resolve("0.png"), new byte[3]);
        try (Connection connection = database()) {
            new Sql(connection).update("INSERT INTO removed_job (id) VALUES ('job_zzzzzzzzzzzzzzzzzzzzzzzz')");
        }

        new QueueFixture(data, FakePipeline.quick(), 4).close();

        assertThat(Files.exists(half), is(false));
        assertThat("a removed job's files, which a kill left", Files.exists(removed), is(false));
        assertThat(Files.exists(half.resolveSibling("0.png")), is(true));
    }

    @Test
    void finishedJobsExpireByAgeAndByBytes() throws InterruptedException {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            finished(fixture.queue.submit(durable("one", 1), ALICE));
            finished(fixture.queue.submit(durable("two", 2), ALICE));
        }
        Retention tiny = new Retention(Duration.ofDays(1), 1 << 20, 0);
        try (JobStore store = JobStore.open(data, tiny)) {
            assertThat(store.expire(Instant.now()), is(0));
            assertThat(store.expire(Instant.now().plus(Duration.ofDays(2))), is(2));
        }
        assertThat(data.resolve("pictures").toFile().list(), is(new String[0]));
    }

    @Test
    void theOldestFinishedJobsGoFirstWhenTheyAreTooManyBytes() throws InterruptedException {
        String[] ids = new String[3];
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            for (int i = 0; i < 3; i++) {
                JobSpec large = durable("large", i);
                large = new JobSpec(
                        large.api(),
                        large.model(),
                        large.request(),
                        1,
                        new Delivery(Optional.of(new ImageSize(400, 400)), ImageFormat.PNG, 90, false, 2),
                        large.timeout(),
                        large.idempotency(),
                        Lifetime.DURABLE,
                        Optional.empty(),
                        Optional.empty());
                ids[i] = finished(fixture.queue.submit(large, ALICE)).id();
            }
        }
        try (JobStore store = JobStore.open(data, QueueFixture.RETENTION)) {
            store.expire(Instant.now());

            assertThat(store.find(ids[0]), is(Optional.empty()));
            assertThat(store.find(ids[2]).isPresent(), is(true));
        }
    }

    @Test
    void aDiskThatFillsUpFailsTheJobClearlyAndLaterJobsRunAgain() throws InterruptedException {
        BreakableFiles files = new BreakableFiles();
        try (QueueFixture fixture = new QueueFixture(
                data, FakePipeline.quick(), 4, JobObserver.NONE, () -> files.open(data, QueueFixture.RETENTION))) {
            files.breakWith("No space left on device");
            JobStatus failed = finished(fixture.queue.submit(durable("a house", 7), ALICE));
            assertThat(failed.error().orElseThrow().code(), is(ErrorCode.STORAGE_FULL));
            assertThat("nothing half there", partFiles(), is(0));
            assertThat(
                    "an attached job needs no disk",
                    finished(fixture.queue.submit(attached("a house", 7), ALICE))
                            .state(),
                    is(JobState.SUCCEEDED));

            files.repair();
            assertThat(
                    finished(fixture.queue.submit(durable("a house", 7), ALICE)).state(), is(JobState.SUCCEEDED));
        }
    }

    @Test
    void aReadOnlyDiskIsNamedAsSuch() throws InterruptedException {
        BreakableFiles files = new BreakableFiles();
        try (QueueFixture fixture = new QueueFixture(
                data, FakePipeline.quick(), 4, JobObserver.NONE, () -> files.open(data, QueueFixture.RETENTION))) {
            files.breakWith("Read-only file system");

            JobStatus failed = finished(fixture.queue.submit(durable("a house", 7), ALICE));

            assertThat(failed.error().orElseThrow().code(), is(ErrorCode.STORAGE_UNAVAILABLE));
        }
    }

    @Test
    void noJobIsTakenInWhenTheDiskIsNearlyFull() {
        BreakableFiles files = new BreakableFiles();
        files.leaveFree(10);
        Retention careful = new Retention(Duration.ofDays(1), 1 << 20, 1000);
        try (JobStore store = JobStore.open(data, careful, files)) {
            Job job = new Job(JobIds.next(), durable("a house", 7), ALICE, Instant.now(), 0);

            assertThat(assertThrows(ApiException.class, () -> store.insert(job)).code(), is(ErrorCode.STORAGE_FULL));
        }
    }

    @Test
    void aFolderThatCannotBeUsedAtFirstIsUsedOnceItCan() throws Exception {
        Path blocked = data.resolve("blocked");
        Files.writeString(blocked, "a file where the folder should be");
        try (QueueFixture fixture = new QueueFixture(blocked, FakePipeline.quick(), 4)) {
            assertThat(
                    finished(fixture.queue.submit(attached("a house", 7), ALICE))
                            .state(),
                    is(JobState.SUCCEEDED));
            ApiException refusal =
                    assertThrows(ApiException.class, () -> fixture.queue.submit(durable("a house", 7), ALICE));
            assertThat(refusal.code(), is(ErrorCode.STORAGE_UNAVAILABLE));
            assertThat(fixture.queue.depth(), is(0));

            Files.delete(blocked);
            assertThat(
                    finished(fixture.queue.submit(durable("a house", 7), ALICE)).state(), is(JobState.SUCCEEDED));
        }
    }

    private int partFiles() {
        try (var all = Files.walk(data)) {
            return (int) all.filter(file -> file.toString().endsWith(".part")).count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
