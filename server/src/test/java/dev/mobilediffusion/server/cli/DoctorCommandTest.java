package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.queue.QueueFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DoctorCommandTest {

    @TempDir
    private Path folder;

    private Path data;
    private String id;

    @BeforeEach
    void draw() throws InterruptedException {
        data = folder.resolve("data");
        try (QueueFixture fixture = QueueFixture.withPngs(data, FakePipeline.quick(), 4)) {
            id = QueueFixture.finished(fixture.queue.submit(QueueFixture.durable("a house", 7), QueueFixture.ALICE))
                    .id();
        }
    }

    @Test
    void findsNothingWhereAllIsWell() {
        CommandLineRun run = doctor();

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), hasItem(allOf(startsWith("ok "), containsString("1 jobs, 1 of them ended, 1 pictures"))));
    }

    @Test
    void namesWhatIsDamagedAndChangesNothing() throws IOException {
        Path image = data.resolve("pictures").resolve(id).resolve("0.png");
        Files.write(image, new byte[7]);
        Path model = TinyModel.copy(folder.resolve("models"));
        Files.writeString(model.resolve("tokenizer/merges.txt"), "\n", StandardOpenOption.APPEND);

        CommandLineRun run = doctor();

        assertThat(run.exitCode(), is(1));
        assertThat(run.out(), hasItem(allOf(startsWith("fault "), containsString(id + "/0 is damaged"))));
        assertThat(run.out(), hasItem(allOf(startsWith("fault "), containsString("tokenizer/merges.txt is altered"))));
        assertThat(run.err(), contains("mobilediffusion: found 2 faults"));
        assertThat(Files.size(image), is(7L));
    }

    @Test
    void namesADamagedStoreAndLeavesItAlone() throws IOException {
        Path file = data.resolve("jobs.sqlite");
        byte[] damaged = new byte[9000];
        Files.write(file, damaged);

        CommandLineRun run = doctor();

        assertThat(run.exitCode(), is(1));
        assertThat(run.out(), hasItem(allOf(startsWith("fault "), containsString("jobs.sqlite: is damaged"))));
        assertThat(Files.readAllBytes(file), is(damaged));
    }

    private CommandLineRun doctor() {
        Path models = folder.resolve("models");
        try {
            Files.createDirectories(models);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return CommandLineRun.of("doctor", "--data", data, "--models", models);
    }
}
