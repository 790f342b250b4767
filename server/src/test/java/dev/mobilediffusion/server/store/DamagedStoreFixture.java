package dev.mobilediffusion.server.store;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;

import dev.mobilediffusion.server.FakePipeline;
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
import org.junit.jupiter.api.io.TempDir;

/** A store that was filled once, copied for each test. */
abstract class DamagedStoreFixture {

    static final int JOBS = 40;

    /** Ended jobs, in the order in which they came. */
    static final List<String> IDS = new ArrayList<>();

    @TempDir
    static Path whole;

    @TempDir
    Path data;

    enum Damage {
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

        static void overwrite(Path file, long from, int bytes) throws IOException {
            byte[] noise = new byte[bytes];
            new Random(7).nextBytes(noise);
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.seek(from);
                open.write(noise);
            }
        }

        static void cut(Path file, long bytes) throws IOException {
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

    List<Path> aside() throws IOException {
        try (Stream<Path> all = Files.list(data)) {
            return all.filter(file -> file.getFileName().toString().matches("jobs\\.sqlite\\.damaged-[\\d-]+"))
                    .toList();
        }
    }

    int images() throws IOException {
        try (Stream<Path> all = Files.walk(data.resolve("pictures"))) {
            return (int) all.filter(file -> file.toString().endsWith(".png")).count();
        }
    }
}
