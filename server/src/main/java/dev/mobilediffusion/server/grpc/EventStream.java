package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.grpc.v1.Done;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.StageStarted;
import dev.mobilediffusion.server.grpc.v1.Started;
import dev.mobilediffusion.server.grpc.v1.StepDone;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.QueueEstimate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Sends a job's events to one client, no faster than it reads them, until the job is over or the client has gone. Runs on
 * a thread of its own, so that the call's callbacks are free to tell of the client.
 */
final class EventStream {

    private static final Duration SLICE = Duration.ofSeconds(1);
    private static final long EVENT_BYTES = 512;
    private static final Duration RESTART = Duration.ofSeconds(5);

    private final JobQueue queue;
    private final Job job;
    private final List<String> warnings;
    private final ClientPace client;
    private final Duration heartbeat;
    private long lastSign = System.nanoTime();

    /**
     * @param warnings of the request, which the last event adds to those of the images
     * @param heartbeat the longest silence towards the client, by seconds
     */
    EventStream(JobQueue queue, Job job, List<String> warnings, ClientPace client, Duration heartbeat) {
        this.queue = queue;
        this.job = job;
        this.warnings = warnings;
        this.client = client;
        this.heartbeat = heartbeat;
    }

    /** Sends all events with an id above {@code seen}; the last one is done. Returns early when the client has gone. */
    void sendAfter(long seen) throws InterruptedException {
        long last = seen;
        while (!client.hasGone()) {
            boolean over = job.state().isFinal();
            List<dev.mobilediffusion.server.job.JobEvent> next =
                    job.awaitEventsAfter(last, over ? Duration.ZERO : shorter(SLICE, heartbeat));
            if (next.isEmpty()) {
                if (over) {
                    // The client has seen the end already, and comes back for it
                    send(last, JobEvent.newBuilder().setDone(done()));
                    return;
                }
                requireServing();
                giveSignOfLife();
            }
            for (dev.mobilediffusion.server.job.JobEvent event : next) {
                last = event.id();
                if (!(event instanceof dev.mobilediffusion.server.job.JobEvent.Preview)
                        && client.awaitReady(bytes(event))) {
                    send(last, message(event));
                }
                if (event instanceof dev.mobilediffusion.server.job.JobEvent.Finished) {
                    return;
                }
            }
        }
    }

    /** About what {@code event} takes as a message. */
    private static long bytes(dev.mobilediffusion.server.job.JobEvent event) {
        return event instanceof dev.mobilediffusion.server.job.JobEvent.ImageReady ready
                ? EVENT_BYTES + ready.image().content().size()
                : EVENT_BYTES;
    }

    private JobEvent.Builder message(dev.mobilediffusion.server.job.JobEvent event) {
        Optional<QueueEstimate> left = queue.estimate(job);
        JobEvent.Builder message = JobEvent.newBuilder().setEtaSeconds(Messages.etaSeconds(left));
        return switch (event) {
            case dev.mobilediffusion.server.job.JobEvent.Queued queued -> message.setQueued(Messages.queued(left));
            case dev.mobilediffusion.server.job.JobEvent.Started started ->
                message.setStarted(Started.getDefaultInstance());
            case dev.mobilediffusion.server.job.JobEvent.StageStarted stage ->
                message.setStage(
                        StageStarted.newBuilder().setImage(stage.image()).setStage(Messages.stage(stage.stage())));
            case dev.mobilediffusion.server.job.JobEvent.StepDone step ->
                message.setStep(StepDone.newBuilder()
                        .setImage(step.image())
                        .setStep(step.step())
                        .setSteps(step.steps()));
            case dev.mobilediffusion.server.job.JobEvent.Preview preview ->
                throw new IllegalArgumentException("the protocol has no previews");
            case dev.mobilediffusion.server.job.JobEvent.ImageReady ready ->
                message.setImage(Messages.image(ready.image()));
            case dev.mobilediffusion.server.job.JobEvent.Finished finished -> message.setDone(done());
        };
    }

    private Done done() {
        return Done.newBuilder()
                .setJob(Messages.job(job, queue.estimate(job), warnings))
                .build();
    }

    /** Keeps phones and proxies from hanging up, and tells a waiting client where it stands. */
    private void giveSignOfLife() {
        if (System.nanoTime() - lastSign >= heartbeat.toNanos() && client.isReady()) {
            Optional<QueueEstimate> left = queue.estimate(job);
            send(0, JobEvent.newBuilder().setQueued(Messages.queued(left)).setEtaSeconds(Messages.etaSeconds(left)));
        }
    }

    private void requireServing() {
        if (queue.isDraining()
                && queue.estimate(job).map(left -> left.position() > 0).orElse(false)) {
            throw ApiException.retry(
                    ErrorCode.NOT_READY, "the server is stopping; job %s stays queued".formatted(job.id()), RESTART);
        }
    }

    private void send(long id, JobEvent.Builder event) {
        lastSign = System.nanoTime();
        client.send(event.setId(id).setJobId(job.id()).build());
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
