package dev.mobilediffusion.server.store;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.greaterThan;
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
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real files of a real store, damaged as disks, backups and hands damage them. */
final class DamagedStoreTest {

    private static final int JOBS = 40;

    /** Ended jobs, in the order in which they came. */
    private static final List<String> IDS = new ArrayList<>();

    @TempDir
    private static Path whole;

    @TempDir
    private Path data;

    private enum Damage {
        RANDOM_BYTES_IN_THE_MIDDLE {
            @Override
            void inflict(Path file) throws IOException {
                overwrite(file, Files.size(file) / 2, 20_000);
            }
        },
        A_BAD_HEADER {
            @Override
            void inflict(Path file) throws IOException {
                overwrite(file, 0, 100);
            }
        },
        A_BAD_SCHEMA_VERSION {
            @Override
            void inflict(Path file) throws IOException {
                overwrite(file, 60, 4);
            }
        },
        CUT_IN_HALF {
            @Override
            void inflict(Path file) throws IOException {
                cut(file, Files.size(file) / 2);
            }
        },
        CUT_WITHIN_A_PAGE {
            @Override
            void inflict(Path file) throws IOException {
                cut(file, Files.size(file) - 1000);
            }
        },
        CUT_TO_NOTHING {
            @Override
            void inflict(Path file) throws IOException {
                cut(file, 0);
            }
        },
        ALL_RANDOM {
            @Override
            void inflict(Path file) throws IOException {
                overwrite(file, 0, (int) Files.size(file));
            }
        },
        SOMETHING_ELSE {
            @Override
            void inflict(Path file) throws IOException {
                Files.delete(file);
                try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
                    new Sql(connection).update("CREATE TABLE job (name TEXT)");
                } catch (SQLException e) {
                    throw new IOException(e);
                }
            }
        },
        GONE {
            @Override
            void inflict(Path file) throws IOException {
                Files.delete(file);
            }
        };

        abstract void inflict(Path file) throws IOException;

        private static void overwrite(Path file, long from, int bytes) throws IOException {
            byte[] noise = new byte[bytes];
            new Random(7).nextBytes(noise);
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.seek(from);
                open.write(noise);
            }
        }

        private static void cut(Path file, long bytes) throws IOException {
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.setLength(bytes);
            }
        }
    }

    @BeforeAll
    static void fill() throws InterruptedException {
        IDS.clear();
        try (QueueFixture fixture = QueueFixture.withPngs(whole, FakePipeline.quick(), 4)) {
            for (int seed = 0; seed < JOBS; seed++) {
                // Long enough that the rows fill many pages
                String prompt = "a house " + seed + " by the sea".repeat(100);
                IDS.add(finished(fixture.queue.submit(durable(prompt, seed), ALICE))
                        .id());
            }
        }
    }

    @BeforeEach
    void copy() throws IOException {
        try (Stream<Path> all = Files.walk(whole)) {
            for (Path each : all.toList()) {
                Path target = data.resolve(whole.relativize(each));
                if (!Files.isDirectory(target)) {
                    Files.copy(each, target);
                }
            }
        }
    }

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
    void aImageWithoutAStoreTellsWhatItsFileTells() throws Exception {
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

    private List<Path> aside() throws IOException {
        try (Stream<Path> all = Files.list(data)) {
            return all.filter(file -> file.getFileName().toString().matches("jobs\\.sqlite\\.damaged-[\\d-]+"))
                    .toList();
        }
    }

    private int images() throws IOException {
        try (Stream<Path> all = Files.walk(data.resolve("pictures"))) {
            return (int) all.filter(file -> file.toString().endsWith(".png")).count();
        }
    }
}
