package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JobReporterTest {

    @TempDir
    private Path folder;

    @Test
    void aJobIsOneLineWithItsTimesAndWithoutItsPrompt() throws InterruptedException {
        String line = lineOf("a secret\nhouse", false);

        assertThat(
                line,
                matchesPattern("job=job_\\w{24} api=internal client=key:ann model=fake n=1 steps=4 size=16x16"
                        + " queue=\\d+ms text=3ms unet=30ms vae=4ms encode=\\d+ms state=succeeded"));
        assertThat(line, not(containsString("secret")));
    }

    @Test
    void promptsAreLoggedWhereThatIsAskedFor() throws InterruptedException {
        assertThat(lineOf("a \"red\"\nhouse", true), containsString("prompt=\"a \\\"red\\\" house\""));
    }

    @Test
    void aFailedJobTellsItsCode() throws InterruptedException {
        assertThat(lineOf("boom", false), containsString("state=failed code=inference_failed"));
    }

    private String lineOf(String prompt, boolean logPrompts) throws InterruptedException {
        try (TestServer server = TestServer.start(folder, FakePipeline.quick());
                ServerMetrics metrics = ServerMetrics.create()) {
            Job job = server.queue().submit(JobSpec.of("fake", ImageRequest.of(prompt, 1)), ClientId.ofKey("ann"));
            job.awaitFinished(Duration.ofSeconds(20));
            return new JobReporter(metrics, logPrompts).line(job);
        }
    }
}
