package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.FakePipeline;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;

/** A queue on a real folder with one worker and a fake model. */
final class QueueFixture implements AutoCloseable {

    static final ClientId ALICE = ClientId.ofKey("alice");
    static final ClientId BOB = ClientId.ofKey("bob");
    static final Retention RETENTION = new Retention(Duration.ofDays(1), 1 << 20, 0);

    final JobQueue queue;
    final FakePipeline pipeline;
    private final InferenceWorker worker;

    QueueFixture(Path data, FakePipeline pipeline, int capacity) {
        this(data, pipeline, capacity, FileLayer.DISK, JobObserver.NONE);
    }

    QueueFixture(Path data, FakePipeline pipeline, int capacity, FileLayer files, JobObserver observer) {
        this.pipeline = pipeline;
        queue = new JobQueue(QueueLimits.ofJobs(capacity), observer, Clock.systemUTC(), data, RETENTION, files);
        queue.resume();
        worker = InferenceWorker.start(
                queue, model -> pipeline, (image, model, format, quality, metadata) -> image.rgb());
    }

    static JobSpec attached(String prompt, long seed) {
        return JobSpec.of("fake", ImageRequest.of(prompt, seed));
    }

    static JobSpec durable(String prompt, long seed) {
        return attached(prompt, seed).withLifetime(Lifetime.DURABLE);
    }

    static JobStatus finished(Job job) throws InterruptedException {
        if (!job.awaitFinished(Duration.ofSeconds(20))) {
            throw new AssertionError("job still " + job.state() + " after 20 s");
        }
        return job.status();
    }

    boolean awaitWorkerEnd() throws InterruptedException {
        return worker.awaitEnd(Duration.ofSeconds(20));
    }

    /** Ends as the server does: the picture in hand is allowed to finish. */
    @Override
    public void close() {
        queue.drain();
        pipeline.allow(1000);
        worker.close();
        queue.close();
    }
}
