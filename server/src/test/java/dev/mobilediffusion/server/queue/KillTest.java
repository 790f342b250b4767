package dev.mobilediffusion.server.queue;

import static dev.mobilediffusion.server.queue.QueueFixture.finished;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.JavaProcess;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kill -9 in every state of a job: what was accepted is run, what was done is whole, what was cancelled stays so. */
final class KillTest {

    @TempDir
    private Path data;

    @Test
    void everyStateSurvivesAKillWithoutAHand() throws Exception {
        String[] ids = killedServersJobs();

        try (QueueFixture fixture = new QueueFixture(data, FakePipeline.quick(), 8)) {
            assertThat(fixture.queue.find(ids[0]).orElseThrow().state(), is(JobState.SUCCEEDED));
            assertThat(fixture.queue.find(ids[3]).orElseThrow().state(), is(JobState.CANCELLED));
            JobStatus running = finished(fixture.queue.find(ids[1]).orElseThrow());
            JobStatus waiting = finished(fixture.queue.find(ids[2]).orElseThrow());

            assertThat(running.state(), is(JobState.SUCCEEDED));
            assertThat(running.images().stream().map(JobImage::seed).toList(), contains(10L, 11L, 12L));
            for (JobImage image : running.images()) {
                assertThat(image.bytes()[0], is((byte) image.seed()));
            }
            assertThat(waiting.images(), hasSize(1));
            ImageRequest edit = fixture.pipeline.finished().stream()
                    .filter(request -> request.seed() == 20)
                    .findFirst()
                    .orElseThrow();
            assertThat(
                    "the picture that came with the job is drawn anew",
                    edit.source().orElseThrow().isMasked(),
                    is(true));
            assertThat(edit.control().orElseThrow().scale(), is(0.5));
            assertThat(edit.control().orElseThrow().image().rgb()[0], is((byte) 255));
            assertThat(data.resolve("uploads").toFile().list(), is(new String[0]));
            List<Long> drawnAgain = fixture.pipeline.finished().stream()
                    .map(ImageRequest::seed)
                    .sorted()
                    .toList();
            assertThat("finished pictures are not drawn twice", drawnAgain, contains(11L, 12L, 20L));
        }
    }

    private String[] killedServersJobs() throws Exception {
        Process server = JavaProcess.start(CrashingServer.class, data.toString());
        try (BufferedReader output = server.inputReader()) {
            String line = output.readLine();
            assertThat("the child said nothing", line != null, is(true));
            return line.split(" ");
        } finally {
            server.destroyForcibly().waitFor();
        }
    }
}
