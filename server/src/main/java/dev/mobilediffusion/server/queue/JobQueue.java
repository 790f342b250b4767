package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobIds;
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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

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

    private final WaitingRoom waiting;
    private final UploadRoom uploads = new UploadRoom();
    private final ImageSpool spool;
    private final JobObserver observer;
    private final Clock clock;
    private final Storage storage;
    private final LiveJobs live;
    private final WorkQueue work;
    private volatile AdmissionRule rule = (spec, client) -> {};

    /** One durable admission at a time, so that two equal keys cannot both be new. */
    private final ReentrantLock durableAdmission = new ReentrantLock();

    /** @param opener of the store in {@code data}; called again with each durable job until it succeeds */
    JobQueue(QueueLimits limits, JobObserver observer, Clock clock, Path data, Supplier<JobStore> opener) {
        this.waiting = new WaitingRoom(limits);
        this.observer = observer;
        this.clock = clock;
        this.spool = new ImageSpool(data);
        this.storage = new Storage(opener, this::recover);
        this.live = new LiveJobs(
                waiting, uploads, observer, clock, job -> storage.require().update(job));
        this.work = new WorkQueue(
                waiting,
                live,
                observer,
                clock,
                spool::keep,
                (job, image) -> storage.require().save(job, image));
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
        live.every("expiry", Duration.ofMinutes(1), this::expireStored);
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
        Optional<Job> job = live.find(id);
        if (job.isPresent()) {
            return job;
        }
        return JobIds.isValid(id) ? storage.require().find(id) : Optional.empty();
    }

    /** Ends a job wherever it is; whether this call was the one that did. A finished job stays as it is. */
    public boolean cancel(Job job) {
        return live.settle(
                job, JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, "the job was cancelled")));
    }

    /** To be called when the client that waits for a job has gone: ends it, unless it is durable. */
    public void abandon(Job job) {
        if (!job.isDurable()) {
            live.settle(job, JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, "the client has gone")));
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
                live.fail(task.job(), stopping);
            }
        }
        live.wakeAll();
    }

    /** Closes the store. Call it when the workers have ended. */
    @Override
    public void close() {
        drain();
        live.close();
        storage.close();
    }

    /** For the worker. */
    public WorkQueue work() {
        return work;
    }

    private Job submitAttached(JobSpec spec, ClientId client) {
        Job job = new Job(JobIds.next(), spec, client, clock.instant(), 0);
        return admit(job, one -> one.withSpec(spool.keepUploads(one.spec())));
    }

    private Job submitDurable(JobSpec spec, ClientId client) {
        durableAdmission.lock();
        try {
            Optional<Job> known = known(spec, client);
            if (known.isPresent()) {
                return known.get();
            }
            Job job = new Job(JobIds.next(), spec, client, clock.instant(), 0);
            return admit(job, fresh -> storage.require().insert(fresh));
        } finally {
            durableAdmission.unlock();
        }
    }

    private Optional<Job> known(JobSpec spec, ClientId client) {
        return spec.idempotency().flatMap(sent -> {
            Optional<Job> stored = storage.require().findByKey(client, sent.key());
            stored.flatMap(job -> job.spec().idempotency()).ifPresent(sent::requireSameBody);
            return stored.map(job -> live.find(job.id()).orElse(job));
        });
    }

    /** @param keeper puts the job's uploads where they may stay; the job comes back with them there */
    private Job admit(Job fresh, UnaryOperator<Job> keeper) {
        uploads.reserve(fresh);
        try {
            Job job = seated(fresh, keeper);
            live.add(job);
            waiting.seat(job);
            return job;
        } catch (RuntimeException e) {
            uploads.release(fresh);
            throw e;
        }
    }

    private Job seated(Job fresh, UnaryOperator<Job> keeper) {
        waiting.reserve(fresh);
        try {
            return keeper.apply(fresh);
        } catch (RuntimeException e) {
            waiting.release(fresh);
            throw e;
        }
    }

    private void recover(JobStore store) {
        // Some are live where the store was damaged and opened again: those it may have lost
        List<Job> jobs = store.recover().stream()
                .filter(job -> live.find(job.id()).isEmpty())
                .toList();
        live.all().filter(Job::isDurable).forEach(store::insertIfMissing);
        jobs.forEach(live::add);
        jobs.forEach(uploads::recover);
        waiting.seatRecovered(jobs);
        if (!jobs.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "{0} unfinished jobs are queued again", jobs.size());
        }
        store.expire(clock.instant());
    }

    private void expireStored() {
        storage.tryOpen().ifPresent(store -> store.expire(clock.instant()));
    }
}
