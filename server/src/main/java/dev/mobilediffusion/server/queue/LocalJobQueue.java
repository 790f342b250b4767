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
 * The queue of one board: jobs in memory, durable ones in SQLite as well. Safe for use by any thread.
 */
public final class LocalJobQueue implements JobQueue {

    private static final System.Logger LOG = System.getLogger(LocalJobQueue.class.getName());

    private final WaitingRoom waiting;
    private final UploadRoom uploads = new UploadRoom();
    private final ImageSpool spool;
    private final JobObserver observer;
    private final Clock clock;
    private final Storage storage;
    private final LiveJobs live;
    private final LocalWorkQueue work;
    private volatile AdmissionRule rule = (spec, client) -> {};

    /** One durable admission at a time, so that two equal keys cannot both be new. */
    private final ReentrantLock durableAdmission = new ReentrantLock();

    /** @param opener of the store in {@code data}; called again with each durable job until it succeeds */
    LocalJobQueue(QueueLimits limits, JobObserver observer, Clock clock, Path data, Supplier<JobStore> opener) {
        this.waiting = new WaitingRoom(limits);
        this.observer = observer;
        this.clock = clock;
        this.spool = new ImageSpool(data);
        this.storage = new Storage(opener, this::recover);
        this.live = new LiveJobs(
                waiting, uploads, observer, clock, job -> storage.require().update(job));
        this.work = new LocalWorkQueue(
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
    public static LocalJobQueue open(
            Path data, Retention retention, QueueLimits limits, JobObserver observer, Clock clock) {
        LocalJobQueue queue = new LocalJobQueue(limits, observer, clock, data, () -> JobStore.open(data, retention));
        queue.resume();
        return queue;
    }

    void resume() {
        storage.tryOpen();
        live.every("expiry", Duration.ofMinutes(1), this::expireStored);
    }

    @Override
    public void admitBy(AdmissionRule value) {
        rule = value;
    }

    @Override
    public Job submit(JobSpec spec, ClientId client) {
        try {
            rule.check(spec, client);
            return spec.lifetime() == Lifetime.DURABLE ? submitDurable(spec, client) : submitAttached(spec, client);
        } catch (ApiException refusal) {
            observer.rejected(refusal.code());
            throw refusal;
        }
    }

    @Override
    public Optional<Job> find(String id) {
        Optional<Job> job = live.find(id);
        if (job.isPresent()) {
            return job;
        }
        return JobIds.isValid(id) ? storage.require().find(id) : Optional.empty();
    }

    @Override
    public boolean cancel(Job job) {
        return live.settle(
                job, JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, "the job was cancelled")));
    }

    @Override
    public void abandon(Job job) {
        if (!job.isDurable()) {
            live.settle(job, JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, "the client has gone")));
        }
    }

    @Override
    public void handedOver(Job job) {
        if (!job.isDurable() && job.state().isFinal()) {
            job.dropImages();
        }
    }

    @Override
    public Optional<QueueEstimate> estimate(Job job) {
        return job.state().isFinal() ? Optional.empty() : Optional.of(waiting.estimate(job));
    }

    @Override
    public int depth() {
        return waiting.jobs();
    }

    @Override
    public int capacity() {
        return waiting.limits().jobs();
    }

    /** A disk that does not work is told with each durable job; attached ones can still be drawn. */
    @Override
    public Optional<String> obstacle() {
        return Optional.empty();
    }

    @Override
    public boolean isDraining() {
        return waiting.isDraining();
    }

    @Override
    public void drain() {
        JobError stopping = JobError.of(ErrorCode.NOT_READY, "the server is stopping");
        for (ImageTask task : waiting.drain()) {
            if (!task.job().isDurable()) {
                live.fail(task.job(), stopping);
            }
        }
        live.wakeAll();
    }

    @Override
    public void close() {
        drain();
        live.close();
        storage.close();
    }

    @Override
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
            if (job != fresh) {
                fresh.spec().releaseUploads();
            }
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
