package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.image.ImageCodec;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.machine.DeviceGuard;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.store.JobStore;
import dev.mobilediffusion.server.store.Retention;
import dev.mobilediffusion.server.worker.ImageEncoder;
import dev.mobilediffusion.server.worker.InferenceWorker;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Supplier;

/** A queue on a real folder with one worker and a fake model. */
public final class QueueFixture implements AutoCloseable {

    public static final ClientId ALICE = ClientId.ofKey("alice");
    public static final ClientId BOB = ClientId.ofKey("bob");
    public static final Retention RETENTION = new Retention(Duration.ofDays(1), 1 << 20, 0);

    public final JobQueue queue;
    public final FakePipeline pipeline;
    private final InferenceWorker worker;

    public QueueFixture(Path data, FakePipeline pipeline, int capacity) {
        this(data, pipeline, capacity, JobObserver.NONE, () -> JobStore.open(data, RETENTION));
    }

    public QueueFixture(
            Path data, FakePipeline pipeline, int capacity, JobObserver observer, Supplier<JobStore> store) {
        this(data, pipeline, capacity, observer, store, (image, model, format, quality, metadata) -> image.rgb());
    }

    private QueueFixture(
            Path data,
            FakePipeline pipeline,
            int capacity,
            JobObserver observer,
            Supplier<JobStore> store,
            ImageEncoder encoder) {
        this.pipeline = pipeline;
        LocalJobQueue local = new LocalJobQueue(QueueLimits.ofJobs(capacity), observer, Clock.systemUTC(), data, store);
        local.resume();
        queue = local;
        worker = InferenceWorker.start(
                queue,
                model -> pipeline,
                encoder,
                new ComputeTurns(DeviceGuard.start(Machine.at(Path.of("/nowhere")), DeviceLimits.DEFAULT)));
    }

    /** Writes PNG files as the released server does. */
    public static QueueFixture withPngs(Path data, FakePipeline pipeline, int capacity) {
        return new QueueFixture(
                data,
                pipeline,
                capacity,
                JobObserver.NONE,
                () -> JobStore.open(data, RETENTION),
                (image, model, format, quality, metadata) ->
                        ImageCodec.encode(image, ImageFormat.PNG, quality, Infotext.of(image, model)));
    }

    public static JobSpec attached(String prompt, long seed) {
        return JobSpec.of("fake", ImageRequest.of(prompt, seed));
    }

    public static JobSpec durable(String prompt, long seed) {
        return attached(prompt, seed).withLifetime(Lifetime.DURABLE);
    }

    public static JobStatus finished(Job job) throws InterruptedException {
        if (!job.awaitFinished(Duration.ofSeconds(20))) {
            throw new AssertionError("job still " + job.state() + " after 20 s");
        }
        return job.status();
    }

    public boolean awaitWorkerEnd() throws InterruptedException {
        return worker.awaitEnd(Duration.ofSeconds(20));
    }

    /** Ends as the server does: the image in hand is allowed to finish. */
    @Override
    public void close() {
        queue.drain();
        pipeline.allow(1000);
        worker.close();
        queue.close();
    }
}
