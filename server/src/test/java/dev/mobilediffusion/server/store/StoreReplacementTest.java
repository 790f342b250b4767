package dev.mobilediffusion.server.store;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.queue.QueueFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a fresh store takes over from a damaged one, and what is kept of it. */
final class StoreReplacementTest extends DamagedStoreFixture {

    @Test
    void theDamagedFileIsKeptUnderAnotherNameAndItsReadableJobsAreInTheFreshOne() throws Exception {
        Path file = data.resolve("jobs.sqlite");
        Damage.RANDOM_BYTES_IN_THE_MIDDLE.inflict(file);
        byte[] damaged = Files.readAllBytes(file);

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            long withPrompts = IDS.stream()
                    .map(id -> fixture.queue.find(id).orElseThrow())
                    .filter(job -> job.spec().request().prompt().startsWith("a house"))
                    .count();
            assertThat("jobs at both ends of the damage keep their requests", withPrompts, is(greaterThan(10L)));
        }
        List<Path> aside = aside();
        assertThat(aside, hasSize(1));
        assertThat(aside.getFirst().getFileName().toString(), containsString("jobs.sqlite.damaged-20"));
        assertThat(Files.readAllBytes(aside.getFirst()), is(damaged));
    }

    @Test
    void theLogOfCommitsOfAnotherStoreIsNotPlayedIntoThisOne() throws Exception {
        Path other = Files.createDirectory(data.resolve("other"));
        Path file = data.resolve("jobs.sqlite");
        try (Connection connection = JobDatabase.open(other.resolve("jobs.sqlite"))) {
            for (int i = 0; i < 50; i++) {
                new Sql(connection).update("INSERT INTO removed_job (id) VALUES (?)", "x".repeat(2000) + i);
            }
            // While it is open its commits are in the file beside it, as after a kill
            Files.copy(other.resolve("jobs.sqlite-wal"), Path.of(file + "-wal"));
        }

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            for (String id : IDS) {
                assertThat(fixture.queue.find(id).orElseThrow().status().images(), hasSize(1));
            }
        }
        assertThat(images(), is(JOBS));
    }

    @Test
    void commitsThatWaitBesideAnEmptyFileAreKept() throws Exception {
        Path file = data.resolve("jobs.sqlite");
        byte[] commits;
        try (Connection connection = JobDatabase.open(file)) {
            new Sql(connection).update("INSERT INTO removed_job (id) VALUES ('x')");
            commits = Files.readAllBytes(Path.of(file + "-wal"));
        }
        Damage.CUT_TO_NOTHING.inflict(file);
        Files.write(Path.of(file + "-wal"), commits);

        new QueueFixture(data, FakePipeline.quick(), 4).close();

        assertThat(Files.readAllBytes(Path.of(aside().getFirst() + "-wal")), is(commits));
        assertThat(images(), is(JOBS));
    }

    @Test
    void aKillWhileTheFreshStoreTakesItsPlaceLosesNothing() throws Exception {
        Path file = data.resolve("jobs.sqlite");
        Files.move(file, data.resolve("jobs.sqlite.new")); // as between the two renames

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            assertThat(
                    fixture.queue
                            .find(IDS.getFirst())
                            .orElseThrow()
                            .spec()
                            .request()
                            .prompt(),
                    containsString("a house 0"));
        }
    }

    @Test
    void aFullDiskDuringTheReplacementLosesNothing() throws Exception {
        Damage.RANDOM_BYTES_IN_THE_MIDDLE.inflict(data.resolve("jobs.sqlite"));
        FileLayer full = new FileLayer() {
            @Override
            public void rename(Path from, Path to) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        ApiException refusal = assertThrows(
                ApiException.class,
                () -> JobStore.open(data, QueueFixture.RETENTION, full).close());
        assertThat(refusal.code(), is(ErrorCode.STORAGE_FULL));

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            assertThat(
                    fixture.queue
                            .find(IDS.getLast())
                            .orElseThrow()
                            .spec()
                            .request()
                            .prompt(),
                    containsString("a house"));
        }
        assertThat(images(), is(JOBS));
    }
}
