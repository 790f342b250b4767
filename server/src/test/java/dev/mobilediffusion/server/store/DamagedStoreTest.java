package dev.mobilediffusion.server.store;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.QueueFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real files of a real store, damaged as disks, backups and hands damage them. */
final class DamagedStoreTest extends DamagedStoreFixture {

    @ParameterizedTest
    @EnumSource(Damage.class)
    void theServerBeginsAFreshStoreAndKeepsEveryImage(Damage damage) throws Exception {
        damage.inflict(data.resolve("jobs.sqlite"));

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            for (String id : IDS) {
                JobStatus status = fixture.queue.find(id).orElseThrow().status();
                assertThat(status.state(), is(JobState.SUCCEEDED));
                assertThat(status.images(), hasSize(1));
                status.images().getFirst().content().check();
            }
            assertThat(
                    finished(fixture.queue.submit(durable("a boat", 1), ALICE)).state(), is(JobState.SUCCEEDED));
        }
        assertThat(images(), is(JOBS + 1));
        try (Connection whole = JobDatabase.open(data.resolve("jobs.sqlite"))) {
            assertThat(new Sql(whole).strings("PRAGMA integrity_check"), is(List.of("ok")));
        }
    }

    @Test
    void anImageWithoutAStoreTellsWhatItsFileTells() throws Exception {
        Damage.ALL_RANDOM.inflict(data.resolve("jobs.sqlite"));

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            Job job = fixture.queue.find(IDS.get(7)).orElseThrow();
            JobImage image = job.status().images().getFirst();

            assertThat(job.spec().request().prompt(), startsWith("a house 7 by the sea"));
            assertThat(job.spec().model(), is("fake"));
            assertThat(image.seed(), is(7L));
            assertThat(image.steps(), is(4));
            assertThat(image.guidanceScale(), is(3.0));
            assertThat(image.width(), is(FakePipeline.SIDE));
            assertThat(image.warnings().getFirst(), containsString("the store was damaged"));
        }
    }

    @Test
    void filesThatAreNoImagesOfAJobStay() throws Exception {
        Path images = data.resolve("pictures");
        Path outside = Files.createDirectory(data.resolve("outside"));
        List<Path> strange = List.of(
                Files.writeString(images.resolve(IDS.getFirst()).resolve("notes.txt"), "mine"),
                Files.writeString(images.resolve("README"), "mine"),
                Files.write(outside.resolve("0.png"), new byte[3]),
                Files.write(
                        Files.createDirectory(images.resolve("job_zzzzzzzzzzzzzzzzzzzzzzzz"))
                                .resolve("0.png"),
                        new byte[3]));
        Files.createSymbolicLink(images.resolve("job_yyyyyyyyyyyyyyyyyyyyyyyy"), outside);
        Damage.CUT_TO_NOTHING.inflict(data.resolve("jobs.sqlite"));

        new QueueFixture(data, FakePipeline.quick(), 4).close();

        for (Path each : strange) {
            assertThat(each.toString(), Files.exists(each), is(true));
        }
    }

    @Test
    void damageWhileTheServerRunsIsMendedByTheNextRequest() throws Exception {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 4)) {
            Job running = fixture.queue.submit(durable("running", 100), ALICE);
            fixture.pipeline.awaitStart();
            Path file = data.resolve("jobs.sqlite");
            Damage.cut(file, 8192);
            Damage.overwrite(Path.of(file + "-wal"), 0, (int) Files.size(Path.of(file + "-wal")));
            Damage.overwrite(Path.of(file + "-shm"), 0, (int) Files.size(Path.of(file + "-shm")));

            assertThat(answersAgain(fixture), is(true));
            fixture.pipeline.allow(1);
            assertThat(finished(running).state(), is(JobState.SUCCEEDED));
            assertThat(fixture.queue.find(running.id()).orElseThrow().state(), is(JobState.SUCCEEDED));
        }
        assertThat(images(), is(JOBS + 1));
        assertThat(aside(), is(not(empty())));
    }

    @Test
    void aJobWhoseRowIsDamagedIsToldSoAndTheOthersRun() throws Exception {
        Job waiting;
        Job damaged;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 4)) {
            fixture.queue.submit(durable("running", 1), ALICE);
            fixture.pipeline.awaitStart();
            damaged = fixture.queue.submit(durable("damaged", 2), ALICE);
            waiting = fixture.queue.submit(durable("waiting", 3), ALICE);
        }
        try (Connection connection = JobDatabase.open(data.resolve("jobs.sqlite"))) {
            new Sql(connection).update("UPDATE job SET spec = '{\"prompt\":' WHERE id = ?", damaged.id());
        }
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            assertThat(finished(fixture.queue.find(waiting.id()).orElseThrow()).state(), is(JobState.SUCCEEDED));
            ApiException refusal = assertThrows(ApiException.class, () -> fixture.queue.find(damaged.id()));
            assertThat(refusal.code(), is(ErrorCode.GONE));
        }
    }

    private boolean answersAgain(QueueFixture fixture) {
        for (int i = 0; i < 3; i++) {
            try {
                return fixture.queue.find(IDS.getFirst()).isPresent();
            } catch (ApiException e) {
                assertThat(e.code(), is(ErrorCode.STORAGE_UNAVAILABLE));
            }
        }
        return false;
    }
}
