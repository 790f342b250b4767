package dev.mobilediffusion.server.wire;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.transport.PeerWatch;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A handler that waits for a job on behalf of its client. When the client goes, an attached job is cancelled and the
 * handler ends; when the server stops, the handler is told.
 */
public final class JobWait implements AutoCloseable {

    private static final Duration SLICE = Duration.ofSeconds(1);
    private static final Duration RESTART = Duration.ofSeconds(5);

    private final JobQueue queue;
    private final Job job;
    private final AtomicBoolean gone = new AtomicBoolean();
    private final PeerWatch.Registration registration;

    public JobWait(JobQueue queue, Job job) {
        this.queue = queue;
        this.job = job;
        this.registration = PeerWatch.current()
                .map(watch -> watch.onGone(this::clientHasGone))
                .orElse(() -> {});
    }

    /** Returns when the job is over. */
    public void awaitFinished() {
        try {
            while (!job.awaitFinished(SLICE)) {
                check();
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        if (gone.get()) {
            throw new CloseConnectionException("the client has gone");
        }
    }

    /** Events after {@code id}, or none when {@code patience} is over. */
    public List<JobEvent> awaitEvents(long id, Duration patience) {
        try {
            long end = System.nanoTime() + patience.toNanos();
            List<JobEvent> events = job.eventsAfter(id);
            while (events.isEmpty() && System.nanoTime() < end) {
                check();
                events = job.awaitEventsAfter(id, SLICE);
            }
            return events;
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** To be called when a write to the client failed. */
    public void clientHasGone() {
        gone.set(true);
        queue.abandon(job);
    }

    @Override
    public void close() {
        registration.close();
    }

    private void check() {
        if (gone.get()) {
            throw new CloseConnectionException("the client has gone");
        }
        if (queue.isDraining()
                && queue.estimate(job).map(left -> left.position() > 0).orElse(false)) {
            throw ApiException.retry(
                    ErrorCode.NOT_READY, "the server is stopping; job %s stays queued".formatted(job.id()), RESTART);
        }
    }

    private RuntimeException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        queue.abandon(job);
        return new CloseConnectionException("the server is stopping", cause);
    }
}
