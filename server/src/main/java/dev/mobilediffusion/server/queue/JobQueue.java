package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobIds;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.store.FolderInUseException;
import dev.mobilediffusion.server.store.ImageSpool;
import dev.mobilediffusion.server.store.JobStore;
import dev.mobilediffusion.server.store.Retention;
import dev.mobilediffusion.server.store.Storage;
import dev.mobilediffusion.server.store.UnknownSchemaException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The one admission point of all APIs: bounded, fair between clients, picture by picture, durable where asked.
 *
 * <pre>{@code
 * Job job = queue.submit(spec, ClientId.ofAddress(peer));
 * job.awaitFinished(Duration.ofSeconds(60));
 * List<Picture> pictures = job.status().pictures();
 * }</pre>
 *
 * <p>Safe for use by any thread. Refusals are {@link ApiException}s: RATE_LIMIT_EXCEEDED with a time to come back when
 * full, NOT_READY while stopping, IDEMPOTENCY_KEY_REUSED, STORAGE_FULL, STORAGE_UNAVAILABLE.
 */
public final class JobQueue implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(JobQueue.class.getName());

    /** How long those who watch a job may take to its end. */
    private static final Duration LAST_LOOKS = Duration.ofMinutes(1);

    private final WaitingRoom waiting;
    private final JobObserver observer;
    private final Clock clock;
    private final Storage storage;
    private final ImageSpool spool;
    private final JobTimer timer = new JobTimer();
    private volatile AdmissionRule rule = (spec, client) -> {};
    private final Map<String, Job> live = new ConcurrentHashMap<>();

    /** One durable admission at a time, so that two equal keys cannot both be new. */
    private final ReentrantLock durableAdmission = new ReentrantLock();

    /** @param opener of the store in {@code data}; called again with each durable job until it succeeds */
    JobQueue(QueueLimits limits, JobObserver observer, Clock clock, Path data, Supplier<JobStore> opener) {
        this.waiting = new WaitingRoom(limits);
        this.observer = observer;
        this.clock = clock;
        this.spool = new ImageSpool(data);
        this.storage = new Storage(opener, this::recover);
    }

    /**
     * Opens the queue on a data folder and takes up what an earlier server left undone there. Where the folder cannot be
     * used, the queue serves attached jobs and tries the folder again with each durable one.
     *
     * @throws FolderInUseException when another server works on the folder
     * @throws UnknownSchemaException when a newer server wrote it
     */
    public static JobQueue open(Path data, Retention retention, QueueLimits limits, JobObserver observer, Clock clock) {
        JobQueue queue = new JobQueue(limits, observer, clock, data, () -> JobStore.open(data, retention));
        queue.resume();
        return queue;
    }

    void resume() {
        storage.tryOpen();
        timer.every("expiry", Duration.ofMinutes(1), this::expireStored);
    }

    /** Has {@code value} look at each job before it is admitted. */
    public void admitBy(AdmissionRule value) {
        rule = value;
    }

    /** Admits a job, or finds the one that the same client has sent before under the same idempotency key. */
    public Job submit(JobSpec spec, ClientId client) {
        try {
            rule.check(spec, client);
            return spec.lifetime() == Lifetime.DURABLE ? submitDurable(spec, client) : submitAttached(spec, client);
        } catch (ApiException refusal) {
            observer.rejected(refusal.code());
            throw refusal;
        }
    }

    /** A live or stored job. */
    public Optional<Job> find(String id) {
        Job job = live.get(id);
        if (job != null) {
            return Optional.of(job);
        }
        return JobIds.isValid(id) ? storage.require().find(id) : Optional.empty();
    }

    /** Ends a job wherever it is; whether this call was the one that did. A finished job stays as it is. */
    public boolean cancel(Job job) {
        return settle(job, JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, "the job was cancelled")));
    }

    /** To be called when the client that waits for a job has gone: ends it, unless it is durable. */
    public void abandon(Job job) {
        if (!job.isDurable()) {
            settle(job, JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, "the client has gone")));
        }
    }

    /** To be called when the client that waits for a job has got all of it: an attached one that is over lets go of its pictures. */
    public void handedOver(Job job) {
        if (!job.isDurable() && job.state().isFinal()) {
            job.dropPictures();
        }
    }

    /** Place in the queue and time left; empty for a finished job. */
    public Optional<QueueEstimate> estimate(Job job) {
        return job.state().isFinal() ? Optional.empty() : Optional.of(waiting.estimate(job));
    }

    /** Waiting jobs: admitted, and not all of their pictures begun. */
    public int depth() {
        return waiting.jobs();
    }

    public int capacity() {
        return waiting.limits().jobs();
    }

    public boolean isDraining() {
        return waiting.isDraining();
    }

    /**
     * Stops admission and, after the running picture, the workers. Durable jobs stay on disk for the next start;
     * attached ones that still need a worker end with NOT_READY.
     */
    public void drain() {
        JobError stopping = JobError.of(ErrorCode.NOT_READY, "the server is stopping");
        for (ImageTask task : waiting.drain()) {
            if (!task.job().isDurable()) {
                fail(task.job(), stopping);
            }
        }
        live.values().forEach(Job::wake);
    }

    /** Closes the store. Call it when the workers have ended. */
    @Override
    public void close() {
        drain();
        timer.close();
        storage.close();
    }

    /** The next picture to draw, in fair order; waits for one. Empty once the queue drains. */
    public Optional<ImageTask> take() throws InterruptedException {
        return waiting.take();
    }

    /** Begins a taken picture; false when its job is too late or already over. */
    public boolean begin(ImageTask task) {
        Job job = task.job();
        Instant now = clock.instant();
        if (job.deadline().isPresent() && !now.isBefore(job.deadline().get())) {
            dropLate(job);
        }
        if (job.start(now)) {
            observer.stageDone(job.spec().model(), Stage.QUEUE, Duration.between(job.createdAt(), now));
            keep(job);
        }
        return !job.state().isFinal();
    }

    /** Ends a taken picture, whatever came of it. */
    public void done(ImageTask task, Optional<Duration> took) {
        waiting.done(task, took);
    }

    /** Adds a finished picture to its job, on disk first where the job is durable. */
    public void deliver(ImageTask task, JobImage picture) {
        Job job = task.job();
        JobImage kept = job.isDurable()
                ? storage.require().save(job, picture)
                : picture.withContent(spool.keep(picture.bytes()));
        observer.pictureDone(job.spec().model());
        if (job.add(kept)) {
            settle(job, JobState.SUCCEEDED, Optional.empty());
        }
    }

    public void fail(Job job, JobError error) {
        settle(job, JobState.FAILED, Optional.of(error));
    }

    /** For pictures that nobody keeps. */
    public ImageSpool spool() {
        return spool;
    }

    public JobObserver observer() {
        return observer;
    }

    private Job submitAttached(JobSpec spec, ClientId client) {
        Job job = new Job(JobIds.next(), spec, client, clock.instant(), 0);
        waiting.reserve(job);
        admit(job);
        return job;
    }

    private Job submitDurable(JobSpec spec, ClientId client) {
        durableAdmission.lock();
        try {
            Optional<Job> known = known(spec, client);
            if (known.isPresent()) {
                return known.get();
            }
            Job job = new Job(JobIds.next(), spec, client, clock.instant(), 0);
            waiting.reserve(job, () -> storage.require().insert(job));
            admit(job);
            return job;
        } finally {
            durableAdmission.unlock();
        }
    }

    private Optional<Job> known(JobSpec spec, ClientId client) {
        return spec.idempotency().flatMap(sent -> {
            Optional<Job> stored = storage.require().findByKey(client, sent.key());
            stored.flatMap(job -> job.spec().idempotency()).ifPresent(sent::requireSameBody);
            return stored.map(job -> live.getOrDefault(job.id(), job));
        });
    }

    private void admit(Job job) {
        live.put(job.id(), job);
        watchDeadline(job);
        waiting.seat(job);
    }

    private void recover(JobStore store) {
        // Some are live where the store was damaged and opened again: those it may have lost
        List<Job> jobs = store.recover().stream()
                .filter(job -> !live.containsKey(job.id()))
                .toList();
        live.values().stream().filter(Job::isDurable).forEach(store::insertIfMissing);
        jobs.forEach(job -> live.put(job.id(), job));
        jobs.forEach(this::watchDeadline);
        waiting.seatRecovered(jobs);
        if (!jobs.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "{0} unfinished jobs are queued again", jobs.size());
        }
        store.expire(clock.instant());
    }

    private void watchDeadline(Job job) {
        job.deadline()
                .map(moment -> Duration.between(clock.instant(), moment))
                .ifPresent(delay -> timer.at(job.id(), delay, () -> dropLate(job)));
    }

    private void dropLate(Job job) {
        fail(job, JobError.of(ErrorCode.DEADLINE_EXCEEDED, "the job did not finish within its timeout_seconds"));
    }

    private boolean settle(Job job, JobState state, Optional<JobError> error) {
        // First, so that nobody who sees the end still finds the job in the queue
        waiting.remove(job);
        if (!job.finish(state, error, clock.instant())) {
            return false;
        }
        job.cancelToken().cancel();
        timer.cancel(job.id());
        keep(job);
        live.remove(job.id());
        if (job.isDurable() && job.spec().delivery().previews() > 0) {
            timer.after(LAST_LOOKS, job::dropPreviews);
        }
        observer.finished(job);
        return true;
    }

    /** What fails here leaves an older state on disk, which means that a restart runs the job again. */
    private void keep(Job job) {
        if (!job.isDurable()) {
            return;
        }
        try {
            storage.require().update(job);
        } catch (ApiException e) {
            LOG.log(System.Logger.Level.WARNING, "job={0} state not kept: {1}", job.id(), e.getMessage());
        }
    }

    private void expireStored() {
        storage.tryOpen().ifPresent(store -> store.expire(clock.instant()));
    }
}
