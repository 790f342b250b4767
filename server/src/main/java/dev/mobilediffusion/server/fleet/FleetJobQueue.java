package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobIds;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.queue.AdmissionRule;
import dev.mobilediffusion.server.queue.BoardStatus;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.QueueEstimate;
import dev.mobilediffusion.server.queue.WorkQueue;
import dev.mobilediffusion.server.security.RequestCount;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The queue of a fleet: any board admits jobs, draws them, and answers for all of them. What this board's own queue holds
 * from earlier days is drawn, too, and while NATS is away its clients' calls, where the owner wants that. Thread-safe.
 */
public final class FleetJobQueue implements JobQueue {

    private static final Duration RESTART = Duration.ofSeconds(5);
    private static final Duration ECHO = Duration.ofSeconds(1);

    private final JobQueue own;
    private final FleetOptions options;
    private final JobObserver observer;
    private final FleetMember member;
    private final FleetWork work;
    private volatile AdmissionRule rule = (spec, client) -> {};
    private volatile boolean draining;

    private FleetJobQueue(JobQueue own, FleetOptions options, JobObserver observer, BoardFacts facts, Clock clock) {
        this.own = own;
        this.options = options;
        this.observer = observer;
        this.member = new FleetMember(own, options, observer, facts, clock);
        this.work = new FleetWork(own.work(), member.hand(), member.jobs(), observer);
    }

    /**
     * Takes part in a fleet from now on, with NATS or until it is there.
     *
     * @param own this board's queue, which this one closes
     * @param facts what the board tells the others of itself
     */
    public static FleetJobQueue join(JobQueue own, FleetOptions options, JobObserver observer, BoardFacts facts) {
        return join(own, options, observer, facts, Clock.systemUTC());
    }

    /** @param clock this board's, right or wrong */
    static FleetJobQueue join(JobQueue own, FleetOptions options, JobObserver observer, BoardFacts facts, Clock clock) {
        FleetJobQueue queue = new FleetJobQueue(own, options, observer, facts, clock);
        queue.member.start();
        return queue;
    }

    @Override
    public void admitBy(AdmissionRule value) {
        rule = value;
    }

    @Override
    public Job submit(JobSpec spec, ClientId client) {
        try {
            rule.check(spec, client);
            if (draining) {
                throw ApiException.retry(ErrorCode.NOT_READY, "the server is stopping", RESTART);
            }
            if (!member.link().isUp()
                    && options.offline() == FleetOptions.Offline.DRAW
                    && spec.lifetime() == Lifetime.ATTACHED) {
                return own.submit(spec, client);
            }
            return admit(spec, client);
        } catch (ApiException refusal) {
            observer.rejected(refusal.code());
            throw refusal;
        }
    }

    @Override
    public Optional<Job> find(String id) {
        Optional<Job> known = member.mirrors().find(id);
        if (known.isPresent() || !JobIds.isValid(id)) {
            return known;
        }
        return own.find(id)
                .or(() -> member.jobs().find(id).map(record -> member.mirrors().open(record)));
    }

    @Override
    public boolean cancel(Job job) {
        return end(job, "the job was cancelled");
    }

    @Override
    public void abandon(Job job) {
        if (!job.isDurable() && !job.state().isFinal()) {
            boolean unused = end(job, "the client has gone");
        }
    }

    @Override
    public void handedOver(Job job) {
        if (isOwn(job)) {
            own.handedOver(job);
        } else if (!job.isDurable() && job.state().isFinal()) {
            member.forget(job);
        }
    }

    @Override
    public Optional<QueueEstimate> estimate(Job job) {
        if (isOwn(job) || job.state().isFinal()) {
            return isOwn(job) ? own.estimate(job) : Optional.empty();
        }
        return Optional.of(
                Lanes.estimate(job.id(), member.records().all(), member.boards().timePerImage()));
    }

    @Override
    public int depth() {
        return Lanes.waitingJobs(member.records().all()) + own.depth();
    }

    @Override
    public int capacity() {
        return member.boards().capacity();
    }

    @Override
    public Optional<String> obstacle() {
        return member.link().obstacle();
    }

    @Override
    public boolean isDraining() {
        return draining;
    }

    @Override
    public void drain() {
        if (draining) {
            return;
        }
        draining = true;
        own.drain();
        member.drain();
    }

    @Override
    public void close() {
        drain();
        member.close();
        own.close();
    }

    @Override
    public WorkQueue work() {
        return work;
    }

    @Override
    public List<BoardStatus> boards() {
        return member.boards().all();
    }

    /** Counts requests of keys at all boards together. */
    public RequestCount requestCount() {
        return member.requestCount();
    }

    private Job admit(JobSpec spec, ClientId client) {
        String id = JobIds.next();
        String first = spec.idempotency()
                .map(sent -> member.records().claim(Names.idempotency(client.value(), sent.key()), id))
                .orElse(id);
        if (!first.equals(id)) {
            Optional<Job> known = known(first, spec);
            if (known.isPresent()) {
                return known.get();
            }
        }
        FleetRoom.require(
                spec,
                client,
                member.records().all(),
                capacity(),
                member.boards().timePerImage());
        member.jobs().images().putUploads(first, spec);
        JobRecord record = JobRecord.queued(first, client, spec, member.jobs().now());
        if (!member.records().create(record)) {
            return known(first, spec).orElseThrow();
        }
        return put(record);
    }

    /** Puts a job's images into the stream; one that does not get there is not accepted. */
    private Job put(JobRecord record) {
        Job job = member.mirrors().begin(record);
        member.admitted(job);
        member.jobs().tell(record.id(), EventJson.queued(record.createdAt()));
        try {
            member.put(record);
            return job;
        } catch (ApiException refused) {
            member.jobs().settleQuietly(record.id(), JobError.of(refused));
            throw refused;
        }
    }

    /** The job that had this idempotency key before. */
    private Optional<Job> known(String id, JobSpec spec) {
        return member.jobs().find(id).map(record -> {
            record.spec()
                    .idempotency()
                    .ifPresent(earlier -> spec.idempotency().orElseThrow().requireSameBody(earlier));
            return member.mirrors().find(id).orElseGet(() -> member.mirrors().open(record));
        });
    }

    private boolean end(Job job, String why) {
        if (isOwn(job)) {
            return own.cancel(job);
        }
        boolean ended =
                member.jobs().settle(job.id(), JobState.CANCELLED, Optional.of(JobError.of(ErrorCode.CANCELLED, why)));
        try {
            // The end comes back as an event, as it does to every board
            boolean unused = job.awaitFinished(ECHO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return ended;
    }

    private boolean isOwn(Job job) {
        return member.mirrors().find(job.id()).isEmpty();
    }
}
