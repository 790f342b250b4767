package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobState;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The jobs that have not ended: finds them, watches their deadlines, and ends each exactly once, whoever asks first: the
 * worker, the client, the clock. Thread-safe.
 */
final class LiveJobs implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(LiveJobs.class.getName());

    /** How long those who watch a job may take to its end. */
    private static final Duration LAST_LOOKS = Duration.ofMinutes(1);

    private final WaitingRoom waiting;
    private final UploadRoom uploads;
    private final JobObserver observer;
    private final Clock clock;
    private final JobTimer timer = new JobTimer();
    private final Map<String, Job> jobs = new ConcurrentHashMap<>();
    private final Keeper keeper;

    /** Writes a durable job's state down. */
    @FunctionalInterface
    interface Keeper {

        /** @throws ApiException where that cannot be done now */
        void keep(Job job);
    }

    LiveJobs(WaitingRoom waiting, UploadRoom uploads, JobObserver observer, Clock clock, Keeper keeper) {
        this.waiting = waiting;
        this.uploads = uploads;
        this.observer = observer;
        this.clock = clock;
        this.keeper = keeper;
    }

    /** From now on the job can be found, and ends at its deadline at the latest. */
    void add(Job job) {
        jobs.put(job.id(), job);
        job.deadline()
                .map(moment -> Duration.between(clock.instant(), moment))
                .ifPresent(delay -> timer.at(job.id(), delay, () -> dropLate(job)));
    }

    Optional<Job> find(String id) {
        return Optional.ofNullable(jobs.get(id));
    }

    Stream<Job> all() {
        return jobs.values().stream();
    }

    void every(String name, Duration period, Runnable task) {
        timer.every(name, period, task);
    }

    void wakeAll() {
        jobs.values().forEach(Job::wake);
    }

    void dropLate(Job job) {
        fail(job, JobError.of(ErrorCode.DEADLINE_EXCEEDED, "the job did not finish within its timeout_seconds"));
    }

    void fail(Job job, JobError error) {
        settle(job, JobState.FAILED, Optional.of(error));
    }

    /** Ends a job; whether this call was the one that did. */
    boolean settle(Job job, JobState state, Optional<JobError> error) {
        // First, so that nobody who sees the end still finds the job in the queue
        waiting.remove(job);
        if (!job.finish(state, error, clock.instant())) {
            return false;
        }
        job.cancelToken().cancel();
        timer.cancel(job.id());
        keep(job);
        jobs.remove(job.id());
        uploads.release(job);
        job.spec().releaseUploads();
        if (job.isDurable() && job.spec().delivery().previews() > 0) {
            timer.after(LAST_LOOKS, job::dropPreviews);
        }
        observer.finished(job);
        return true;
    }

    /** What fails here leaves an older state on disk, which means that a restart runs the job again. */
    void keep(Job job) {
        if (!job.isDurable()) {
            return;
        }
        try {
            keeper.keep(job);
        } catch (ApiException e) {
            LOG.log(System.Logger.Level.WARNING, "job={0} state not kept: {1}", job.id(), e.getMessage());
        }
    }

    @Override
    public void close() {
        timer.close();
    }
}
