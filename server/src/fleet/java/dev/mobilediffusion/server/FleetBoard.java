package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import java.nio.file.Path;

/** A board for {@link FleetTest} to kill: it has finished one image of a job, and draws the other for ever. */
final class FleetBoard {

    private FleetBoard() {}

    public static void main(String[] args) throws InterruptedException {
        FakePipeline pipeline = FakePipeline.gated();
        TestServer server = TestServer.start(
                TestServer.config(Path.of(args[1])).withFleet(TestFleet.options(args[0], "dying")), pipeline);
        TestFleet.awaitReady(server.queue());
        JobSpec spec = JobSpec.of("fake", ImageRequest.of("a house", 7)).withCount(2).withLifetime(Lifetime.DURABLE);
        Job job = server.queue().submit(spec, ClientId.ofKey("alice"));
        pipeline.awaitStart();
        pipeline.allow(1);
        pipeline.awaitStart();
        System.out.println(job.id());
        Thread.sleep(Long.MAX_VALUE);
    }
}
