package dev.mobilediffusion.server.store;

import static dev.mobilediffusion.server.queue.QueueFixture.ALICE;
import static dev.mobilediffusion.server.queue.QueueFixture.durable;
import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.QueueFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of stored images: private, and handed out only as they were written. */
final class StoredImageTest {

    @TempDir
    private Path data;

    @Test
    void whatIsStoredIsPrivateAlsoWhereItWasNot() throws Exception {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            finished(fixture.queue.submit(durable("a house", 7), ALICE));
        }
        Set<PosixFilePermission> open = PosixFilePermissions.fromString("rwxr-xr-x");
        Files.setPosixFilePermissions(data.resolve("jobs.sqlite"), open);
        Files.setPosixFilePermissions(data.resolve("pictures"), open);

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            finished(fixture.queue.submit(durable("a boat", 8), ALICE));
            try (Stream<Path> all = Files.walk(data)) {
                for (Path each : all.filter(each -> !each.equals(data)).toList()) {
                    String modes = PosixFilePermissions.toString(Files.getPosixFilePermissions(each));
                    boolean reachable = each.getParent().equals(data);
                    assertThat(each + " is " + modes, !reachable || modes.endsWith("------"), is(true));
                }
            }
        }
    }

    @Test
    void aFreshDataFolderIsPrivate() throws Exception {
        Path fresh = data.resolve("new/data");

        new QueueFixture(fresh, FakePipeline.quick(), 4).close();

        assertThat(Files.getPosixFilePermissions(fresh), is(PosixFilePermissions.fromString("rwx------")));
    }

    @Test
    void aStoredImageWhoseFileIsDamagedIsNeverHandedOut() throws Exception {
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            String id =
                    finished(fixture.queue.submit(durable("a house", 7), ALICE)).id();
            Path file = data.resolve("pictures").resolve(id).resolve("0.png");
            byte[] whole = Files.readAllBytes(file);
            byte[] altered = whole.clone();
            altered[100] ^= 1;

            Files.write(file, altered);
            assertThat(reading(fixture, id), containsString("does not have the bytes that were written"));
            Files.write(file, java.util.Arrays.copyOf(whole, 100));
            assertThat(reading(fixture, id), containsString("its file has 100 bytes, 768 were written"));
            Files.delete(file);
            assertThat(reading(fixture, id), containsString("is not on the server's disk any more"));
            Files.write(file, whole);
            assertThat(
                    fixture.queue
                            .find(id)
                            .orElseThrow()
                            .status()
                            .images()
                            .getFirst()
                            .bytes(),
                    is(whole));
        }
    }

    @Test
    void aDamagedImageOfAnUnfinishedJobIsDrawnAgain() throws Exception {
        Job job;
        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.gated(), 4)) {
            job = fixture.queue.submit(durable("three", 1).withCount(3), ALICE);
            fixture.pipeline.awaitStart();
            fixture.pipeline.allow(1);
            fixture.pipeline.awaitStart();
        }
        Path first = data.resolve("pictures").resolve(job.id()).resolve("0.png");
        Files.write(first, new byte[5]);

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 4)) {
            JobStatus status = finished(fixture.queue.find(job.id()).orElseThrow());
            assertThat(status.images(), hasSize(3));
            assertThat(status.images().getFirst().bytes()[0], is((byte) 1));
        }
    }

    private static String reading(QueueFixture fixture, String id) {
        JobImage image = fixture.queue.find(id).orElseThrow().status().images().getFirst();
        ApiException read = assertThrows(ApiException.class, image::bytes);
        ApiException checked =
                assertThrows(ApiException.class, () -> image.content().check());
        assertThat(read.code(), is(ErrorCode.GONE));
        assertThat(checked.getMessage(), is(read.getMessage()));
        return read.getMessage();
    }
}
