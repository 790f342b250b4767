package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobState;
import io.nats.client.Connection;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** What happens to the fleet's jobs: each change is decided in its record, then told as an event. Thread-safe. */
final class FleetJobs implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(FleetJobs.class.getName());

    private final Supplier<Connection> connection;
    private final LiveRecords records;
    private final Images images;
    private final Clock clock;

    /** What nobody waits for. */
    private final ExecutorService later = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("fleet-later").factory());

    FleetJobs(Supplier<Connection> connection, LiveRecords records, Images images, Clock clock) {
        this.connection = connection;
        this.records = records;
        this.images = images;
        this.clock = clock;
    }

    Instant now() {
        return clock.instant();
    }

    Images images() {
        return images;
    }

    Optional<JobRecord> find(String id) {
        return records.find(id);
    }

    /** Tells an event; one that is lost is made up for by the record. */
    void tell(String id, byte[] event) {
        try {
            connection.get().publish(Names.event(id), event);
        } catch (ApiException | IllegalStateException away) {
            LOG.log(System.Logger.Level.DEBUG, "an event of job {0} was not told", id);
        }
    }

    /** Begins an image; whether it is the job's first. */
    boolean begin(String id, int index, Instant now) {
        boolean[] first = {false};
        boolean changed = records.update(id, job -> {
                    first[0] = job.state() == JobState.QUEUED;
                    return job.state().isFinal() ? Optional.empty() : Optional.of(job.begin(index, now));
                })
                .isPresent();
        if (changed && first[0]) {
            tell(id, EventJson.started(now));
        }
        return changed && first[0];
    }

    /** Adds a finished image; false where another board was first, or the job is over. */
    boolean complete(String id, JobRecord.StoredObject image) {
        Instant now = now();
        int index = image.image().index();
        Optional<JobRecord> done = records.update(id, job -> {
            boolean open = !job.state().isFinal() && job.missing().contains(index);
            return open ? Optional.of(job.with(image, now)) : Optional.empty();
        });
        if (done.isEmpty()) {
            // After a lost answer the record may have it already
            return records.find(id).map(job -> job.holds(index, image.object())).orElse(false);
        }
        tell(id, EventJson.image(now, image));
        if (done.get().state().isFinal()) {
            end(done.get());
        }
        return true;
    }

    /** Ends a job without its images; whether this call was the one that did. */
    boolean settle(String id, JobState state, Optional<JobError> error) {
        Instant now = now();
        Optional<JobRecord> ended = records.update(
                id, job -> job.state().isFinal() ? Optional.empty() : Optional.of(job.end(state, error, now)));
        ended.ifPresent(this::end);
        return ended.isPresent();
    }

    void settleQuietly(String id, JobError error) {
        try {
            boolean unused = settle(id, JobState.FAILED, Optional.of(error));
        } catch (ApiException away) {
            LOG.log(System.Logger.Level.WARNING, "job={0} could not be ended: {1}", id, away.getMessage());
        }
    }

    void dropLate(JobRecord job) {
        settleQuietly(
                job.id(),
                JobError.of(ErrorCode.DEADLINE_EXCEEDED, "the job did not finish within its timeout_seconds"));
    }

    /** Moves what has ended out of the way; a job that a dying board left in between, too. */
    void moveEnded(JobRecord job) {
        try {
            images.deleteUploads(job);
            records.moveEnded(job);
        } catch (ApiException away) {
            LOG.log(System.Logger.Level.DEBUG, "job {0} is moved later", job.id());
        }
    }

    /** Runs what nobody waits for. */
    void later(Runnable task) {
        try {
            later.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.WARNING, "fleet: {0}", e.getMessage());
                }
            });
        } catch (RejectedExecutionException closing) {
            LOG.log(System.Logger.Level.DEBUG, "left to another board");
        }
    }

    @Override
    public void close() {
        later.close();
    }

    private void end(JobRecord job) {
        tell(job.id(), EventJson.finished(job.finishedAt().orElse(now()), job.state(), job.error()));
        later(() -> moveEnded(job));
    }
}
