package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.job.Job;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What a board does again and again while it is in a fleet: tells that it is alive, and mends what dying boards and a dying
 * NATS left. A failure is logged, and the next time comes all the same.
 */
final class Upkeep implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Upkeep.class.getName());

    /** How long an end may be on its way as an event. */
    private static final Duration ECHO = Duration.ofSeconds(2);

    private static final Duration SWEEP = Duration.ofMillis(500);
    private static final Duration COMPARE = Duration.ofSeconds(5);
    private static final Duration MEND = Duration.ofSeconds(30);

    private final FleetMember member;
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(
            2, Thread.ofPlatform().daemon().name("fleet-upkeep", 0).factory());
    private volatile Set<String> shortLanes = Set.of();

    Upkeep(FleetMember member) {
        this.member = member;
    }

    /** @param acknowledgeWithin time without a sign of life after which an image goes to another board */
    void start(Duration acknowledgeWithin) {
        every(
                Duration.ofMillis(acknowledgeWithin.toMillis() / 3),
                () -> member.hand().hold());
        every(Boards.EVERY, () -> member.boards().tell(member.link().require()));
        every(SWEEP, this::sweep);
        every(COMPARE, () -> member.records().forgetMissing());
        every(MEND, this::mend);
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

    private void every(Duration period, Runnable task) {
        ScheduledFuture<?> unused = executor.scheduleWithFixedDelay(
                () -> guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (ApiException away) {
            LOG.log(System.Logger.Level.DEBUG, "fleet: {0}", away.getMessage());
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "fleet: a timed task failed", e);
        }
    }

    /** Ends what is late, and finishes what a board began to end. */
    private void sweep() {
        member.reportEnds();
        if (!member.link().isUp()) {
            return;
        }
        FleetJobs jobs = member.jobs();
        LiveRecords records = member.records();
        records.all().stream().filter(job -> job.isLate(jobs.now())).forEach(jobs::dropLate);
        for (JobRecord job : records.ending()) {
            if (job.finishedAt().map(end -> end.plus(ECHO).isBefore(jobs.now())).orElse(true)) {
                member.mirrors().end(job);
                jobs.moveEnded(job);
            }
        }
        for (Job job : member.mirrors().all()) {
            if (!records.isLive(job.id())) {
                jobs.find(job.id()).filter(record -> record.state().isFinal()).ifPresent(member.mirrors()::end);
            }
        }
    }

    /** Puts images in again that are not finished and not in the stream: their board died in between, or NATS lost power. */
    private void mend() {
        if (!member.link().isUp()) {
            return;
        }
        member.records().forgetMissing();
        Map<String, Long> present = member.work().subjects();
        deliverAgain(present);
        clear(present.keySet());
        for (JobRecord job : member.records().all()) {
            boolean old = job.createdAt().plus(MEND).isBefore(member.jobs().now());
            if (old && !present.containsKey(WorkStream.subject(job))) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "job={0} waited without its images, they are put in again",
                        job.id());
                member.work().put(job);
            }
        }
    }

    /** Has lanes delivered anew of which NATS takes images that lie there for done, when it does so twice. */
    private void deliverAgain(Map<String, Long> present) {
        Map<String, Long> lanes = present.entrySet().stream()
                .collect(Collectors.groupingBy(
                        entry -> WorkStream.lane(entry.getKey()), Collectors.summingLong(Map.Entry::getValue)));
        Set<String> tooShort = lanes.entrySet().stream()
                .filter(lane -> member.work().isShort(lane.getKey(), lane.getValue()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
        tooShort.stream().filter(shortLanes::contains).forEach(member.work()::restart);
        shortLanes = tooShort;
    }

    /** Takes out what waits of jobs that are over, in lanes where no board looks any more. */
    private void clear(Set<String> present) {
        Set<String> alive =
                member.records().all().stream().map(WorkStream::lane).collect(Collectors.toSet());
        present.stream()
                .map(WorkStream::lane)
                .distinct()
                .filter(lane -> !alive.contains(lane))
                .forEach(this::clear);
    }

    private void clear(String lane) {
        WorkStream work = member.work();
        for (Optional<WorkStream.Taken> one = work.take(lane); one.isPresent(); one = work.take(lane)) {
            boolean over = member.jobs()
                    .find(one.get().jobId())
                    .map(job -> job.state().isFinal())
                    .orElse(true);
            if (!over) {
                one.get().message().nak();
                return;
            }
            one.get().message().ack();
        }
    }
}
