package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestImages;
import dev.mobilediffusion.server.job.Job;
import java.nio.file.Path;

/**
 * A process for {@link KillTest} to kill: has one job done, one with an image done and the next one running, and one
 * waiting; then prints their ids and sleeps.
 */
final class CrashingServer {

    private CrashingServer() {}

    public static void main(String[] args) throws InterruptedException {
        FakePipeline pipeline = FakePipeline.gated();
        QueueFixture fixture = new QueueFixture(Path.of(args[0]), pipeline, 8);
        pipeline.allow(1);
        Job done = fixture.queue.submit(QueueFixture.durable("done", 1), QueueFixture.ALICE);
        QueueFixture.finished(done);
        pipeline.awaitStart();
        pipeline.allow(1);
        Job running = fixture.queue.submit(QueueFixture.durable("running", 10).withCount(3), QueueFixture.ALICE);
        pipeline.awaitStart();
        pipeline.awaitStart();
        Job waiting = fixture.queue.submit(
                QueueFixture.durable("waiting", 20)
                        .withSource(TestImages.source())
                        .withControl(TestImages.control()),
                QueueFixture.ALICE);
        Job cancelled = fixture.queue.submit(QueueFixture.durable("cancelled", 30), QueueFixture.ALICE);
        fixture.queue.cancel(cancelled);
        System.out.println(String.join(" ", done.id(), running.id(), waiting.id(), cancelled.id()));
        Thread.sleep(Long.MAX_VALUE);
    }
}
