package dev.mobilediffusion.server.queue;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.BOB;
import static dev.mobilediffusion.server.queue.QueueFixture.attached;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.SourceImage;
import dev.mobilediffusion.runtime.image.ImageEdit;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.generation.Upload;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobIds;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.store.BreakableFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that come with jobs, on their way through the queue. */
final class UploadTest {

    private static final int SIDE = FakePipeline.SIDE;

    @TempDir
    private Path data;

    @Test
    void anImageIsDrawnAnewWhereTheMaskSaysAndHeldElsewhere() throws Exception {
        try (QueueFixture fixture = QueueFixture.withPngs(data, FakePipeline.quick(), 4)) {
            Source source = TestImages.source();
            Source sharp = new Source(
                    source.image(),
                    source.mask(),
                    OptionalDouble.of(0.5),
                    new ImageEdit.Options(
                            source.options().resize(),
                            0,
                            false,
                            0,
                            source.options().fill(),
                            source.options().marks()));
            Job job = fixture.queue.submit(attached("a boat", 200).withSource(sharp), ALICE);

            BufferedImage drawn =
                    TestImages.read(finished(job).images().getFirst().bytes());

            SourceImage seen = fixture.pipeline.finished().getFirst().source().orElseThrow();
            assertThat(seen.strength(), is(0.5));
            BufferedImage sent = TestImages.noise(SIDE, SIDE);
            for (int x = 0; x < SIDE; x++) {
                int expected = x < SIDE / 2 ? 0xffc8c8c8 : sent.getRGB(x, 3);
                assertThat("column " + x, drawn.getRGB(x, 3), is(expected));
            }
        }
    }

    @Test
    void aDurableJobsImagesLieOnTheDiskUntilItEnds() throws Exception {
        FakePipeline gated = FakePipeline.gated();
        try (QueueFixture fixture = new QueueFixture(data, gated, 4)) {
            Job job = fixture.queue.submit(edit("a boat", 1), ALICE);
            gated.awaitStart();
            Job cancelled = fixture.queue.submit(edit("a tree", 2), ALICE);

            assertThat(
                    uploads(),
                    is(List.of(job.id() + ".0", job.id() + ".1", cancelled.id() + ".0", cancelled.id() + ".1").stream()
                            .sorted()
                            .toList()));
            fixture.queue.cancel(cancelled);
            gated.allow(1);
            assertThat(finished(job).state(), is(JobState.SUCCEEDED));
        }
        assertThat(uploads(), is(List.of()));
    }

    @Test
    void aFullDiskRefusesTheJobAndKeepsNothingOfIt() throws IOException {
        BreakableFiles disk = new BreakableFiles();
        try (QueueFixture fixture = new QueueFixture(
                data, FakePipeline.gated(), 4, JobObserver.NONE, () -> disk.open(data, QueueFixture.RETENTION))) {
            disk.breakWith("No space left on device");

            ApiException full = assertThrows(ApiException.class, () -> fixture.queue.submit(edit("a boat", 1), ALICE));

            assertThat(full.code(), is(ErrorCode.STORAGE_FULL));
            assertThat(uploads(), is(List.of()));
            assertThat(fixture.queue.depth(), is(0));
        }
    }

    @Test
    void whatAKilledServerDidNotWriteDownIsSweptAway() throws IOException {
        Files.createDirectories(data.resolve("uploads"));
        Files.write(data.resolve("uploads").resolve(JobIds.next() + ".0"), new byte[10]);

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            assertThat(fixture.queue.depth(), is(0));
            assertThat(uploads(), is(List.of()));
        }
    }

    @Test
    void oneClientCannotFillTheDiskForTheOthers() {
        UploadRoom room = new UploadRoom();
        Job first = large(ALICE);
        room.reserve(first);

        ApiException refusal = assertThrows(ApiException.class, () -> room.reserve(large(ALICE)));
        room.reserve(large(BOB));
        room.release(first);
        room.reserve(large(ALICE));

        assertThat(refusal.code(), is(ErrorCode.RATE_LIMIT_EXCEEDED));
        assertThat(
                refusal.getMessage(),
                containsString("may have at most 268435456 bytes, those of one client 67108864; with this job they had"
                        + " 83886080 and 83886080"));
    }

    private static Job large(ClientId client) {
        Upload upload = new Upload("ab", 40 << 20, () -> new byte[0]);
        Source source = new Source(upload, Optional.empty(), OptionalDouble.of(0.5), ImageEdit.Options.DEFAULT);
        return new Job(JobIds.next(), attached("a", 1).withSource(source), client, Instant.EPOCH, 0);
    }

    private static JobSpec edit(String prompt, long seed) {
        return durable(prompt, seed).withSource(TestImages.source());
    }

    private List<String> uploads() throws IOException {
        try (Stream<Path> all = Files.list(data.resolve("uploads"))) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
