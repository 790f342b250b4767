package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.queue.ImageTask;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.JobQueue;
import io.nats.client.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** What a board keeps up while it is in a fleet: it takes images, tells of itself, and mends what dying boards left. */
final class FleetMember implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(FleetMember.class.getName());

    /** How long an end may be on its way as an event. */
    private static final Duration ECHO = Duration.ofSeconds(2);

    private static final Duration SWEEP = Duration.ofMillis(500);
    private static final Duration MEND = Duration.ofSeconds(30);

    private final JobQueue own;
    private final FleetOptions options;
    private final JobObserver observer;
    private final NatsLink link;
    private final FleetClock clock = new FleetClock(Clock.systemUTC());
    private final Hand hand = new Hand();
    private final Pictures pictures;
    private final LiveRecords records;
    private final WorkStream work;
    private final Mirrors mirrors;
    private final Boards boards;
    private final FleetJobs jobs;
    private final Puller puller;
    private final Map<String, Job> admitted = new ConcurrentHashMap<>();
    private final FleetTimer timer = new FleetTimer();

    FleetMember(JobQueue own, FleetOptions options, JobObserver observer, BoardFacts facts) {
        this.own = own;
        this.options = options;
        this.observer = observer;
        this.link = new NatsLink(options, this::join);
        this.pictures = new Pictures(link::require);
        this.records = new LiveRecords(link::require, this::changed);
        this.work = new WorkStream(link::require, options.acknowledgeWithin());
        this.mirrors = new Mirrors(link::require, pictures);
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
        this.jobs = new FleetJobs(link::require, records, pictures, clock);
        this.puller = new Puller(this, facts.models());
    }

    void start() {
        link.start();
        puller.start();
        Thread.ofPlatform().daemon().name("fleet-own-work").start(this::feedOwn);
        timer.every(Duration.ofMillis(options.acknowledgeWithin().toMillis() / 3), hand::hold);
        timer.every(
                Boards.EVERY,
                () -> NatsErrors.call(() -> {
                    boards.tell(link.require());
                    return null;
                }));
        timer.every(SWEEP, this::sweep);
        timer.every(MEND, this::mend);
    }

    void admitted(Job job) {
        admitted.put(job.id(), job);
    }

    /** Lets go of an attached job whose client has everything. */
    void forget(Job job) {
        mirrors.forget(job);
        jobs.later(() -> jobs.find(job.id())
                .ifPresent(record -> record.images().values().forEach(image -> pictures.delete(image.object()))));
        job.dropPictures();
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
        timer.close();
        jobs.close();
        try {
            boards.leave(link.require());
        } catch (Exception away) {
            LOG.log(System.Logger.Level.DEBUG, "the others will notice by themselves");
        }
        link.close();
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

    FleetJobs jobs() {
        return jobs;
    }

    private void join(Connection nats) throws Exception {
        FleetSetup.run(nats, options.keepFor());
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

    /** Ends what is late, and finishes what a board began to end. */
    private void sweep() {
        reportEnds();
        if (!link.isUp()) {
            return;
        }
        records.all().stream().filter(job -> job.isLate(jobs.now())).forEach(jobs::dropLate);
        for (JobRecord job : records.ending()) {
            if (job.finishedAt().map(end -> end.plus(ECHO).isBefore(jobs.now())).orElse(true)) {
                mirrors.end(job);
                jobs.moveEnded(job);
            }
        }
        for (Job job : mirrors.all()) {
            boolean old = job.createdAt().plus(ECHO).isBefore(jobs.now());
            if (old && !records.isLive(job.id())) {
                jobs.find(job.id()).filter(record -> record.state().isFinal()).ifPresent(mirrors::end);
            }
        }
    }

    private void reportEnds() {
        admitted.values().stream().filter(job -> job.state().isFinal()).forEach(job -> {
            if (admitted.remove(job.id()) != null) {
                observer.finished(job);
            }
        });
    }

    /** Puts images in again that are not finished and not in the stream: their board died in between, or NATS lost power. */
    private void mend() {
        if (!link.isUp()) {
            return;
        }
        Set<String> present = work.subjects();
        clear(present);
        for (JobRecord job : records.all()) {
            boolean old = job.createdAt().plus(MEND).isBefore(jobs.now());
            if (old && !present.contains(WorkStream.subject(job))) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "job={0} waited without its images, they are put in again",
                        job.id());
                work.put(job);
            }
        }
    }

    /** Takes out what waits of jobs that are over, in lanes where no board looks any more. */
    private void clear(Set<String> present) {
        Set<String> alive = records.all().stream().map(WorkStream::lane).collect(Collectors.toSet());
        present.stream()
                .map(WorkStream::lane)
                .distinct()
                .filter(lane -> !alive.contains(lane))
                .forEach(lane -> {
                    for (Optional<WorkStream.Taken> one = work.take(lane); one.isPresent(); one = work.take(lane)) {
                        boolean over = jobs.find(one.get().jobId())
                                .map(job -> job.state().isFinal())
                                .orElse(true);
                        if (!over) {
                            one.get().message().nak();
                            return;
                        }
                        one.get().message().ack();
                    }
                });
    }
}
