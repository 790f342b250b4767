package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.NatsLink;
import dev.mobilediffusion.server.queue.BoardStatus;
import dev.mobilediffusion.server.queue.ImageTask;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.security.RequestCount;
import io.nats.client.Connection;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What a board keeps up while it is in a fleet: it takes images and answers for jobs. */
final class FleetMember implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(FleetMember.class.getName());

    private final JobQueue own;
    private final FleetOptions options;
    private final JobObserver observer;
    private final NatsLink link;
    private final FleetClock clock;
    private final Hand hand = new Hand();
    private final Images images;
    private final LiveRecords records;
    private final WorkStream work;
    private final Mirrors mirrors;
    private final Boards boards;
    private final FleetJobs jobs;
    private final Puller puller;
    private final Map<String, Job> admitted = new ConcurrentHashMap<>();
    private final Upkeep upkeep = new Upkeep(this);

    FleetMember(JobQueue own, FleetOptions options, JobObserver observer, BoardFacts facts, Clock ownClock) {
        this.own = own;
        this.options = options;
        this.observer = observer;
        this.clock = new FleetClock(ownClock);
        this.link = new NatsLink(options, this::join);
        this.images = new Images(link::require);
        this.records = new LiveRecords(link::require, this::changed);
        this.work = new WorkStream(link::require, options.acknowledgeWithin());
        this.mirrors = new Mirrors(link::require, images);
        this.boards = new Boards(
                options.board(),
                clock,
                () -> new BoardStatus(
                        options.board(),
                        facts.version(),
                        List.copyOf(facts.models().get()),
                        own.capacity(),
                        hand.secondsPerImage(),
                        hand.count(),
                        facts.celsius().get(),
                        false));
        this.jobs = new FleetJobs(link::require, records, images, clock);
        this.puller = new Puller(this, facts.models());
    }

    void start() {
        link.start();
        puller.start();
        Thread.ofPlatform().daemon().name("fleet-own-work").start(this::feedOwn);
        upkeep.start(options.acknowledgeWithin());
    }

    void admitted(Job job) {
        admitted.put(job.id(), job);
    }

    /** Lets go of an attached job whose client has everything. */
    void forget(Job job) {
        mirrors.forget(job);
        jobs.later(() -> jobs.find(job.id())
                .ifPresent(record -> record.images().values().forEach(image -> images.delete(image.object()))));
        job.dropImages();
    }

    void drain() {
        puller.close();
        hand.close();
        JobError stopping = JobError.of(ErrorCode.NOT_READY, "the server is stopping");
        for (Job job : admitted.values()) {
            if (!job.isDurable() && job.state() == JobState.QUEUED) {
                jobs.settleQuietly(job.id(), stopping);
            }
        }
        mirrors.all().forEach(Job::wake);
    }

    @Override
    public void close() {
        reportEnds();
        upkeep.close();
        jobs.close();
        try {
            boards.leave(link.require());
        } catch (Exception away) {
            LOG.log(System.Logger.Level.DEBUG, "the others will notice by themselves");
        }
        link.close();
    }

    /** Puts a job's images into the stream, and has them looked for: its record may have been seen before they were there. */
    void put(JobRecord job) {
        work.put(job);
        puller.wake();
    }

    NatsLink link() {
        return link;
    }

    Hand hand() {
        return hand;
    }

    LiveRecords records() {
        return records;
    }

    WorkStream work() {
        return work;
    }

    Mirrors mirrors() {
        return mirrors;
    }

    Boards boards() {
        return boards;
    }

    RequestCount requestCount() {
        return new KeyCounts(link::require, clock);
    }

    FleetJobs jobs() {
        return jobs;
    }

    private void join(Connection nats) throws Exception {
        FleetSetup.run(nats, options);
        boards.join(nats);
        records.join(nats);
        work.join();
        link.assumeJoined();
        mirrors.join(nats);
        puller.wake();
    }

    /** A job is in another state, whoever brought it there. */
    private void changed(JobRecord job) {
        if (job.state().isFinal()) {
            hand.cancel(job.id());
        }
        puller.wake();
    }

    private void feedOwn() {
        try {
            for (Optional<ImageTask> next = own.work().take();
                    next.isPresent();
                    next = own.work().take()) {
                hand.put(next.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Tells of the ends of jobs that this board took in. */
    void reportEnds() {
        admitted.values().stream().filter(job -> job.state().isFinal()).forEach(job -> {
            if (admitted.remove(job.id()) != null) {
                observer.finished(job);
            }
        });
    }
}
