package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.queue.ImageTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Takes images out of the stream for this board's hand: of models that it holds, from one client after the other. */
final class Puller implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Puller.class.getName());

    /** A lane whose images are all begun is looked at so often: NATS may have taken one back from a board that died. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

    /** A job is seen before its images are in the stream; so a look that found none is soon repeated, and then less often. */
    private static final Duration FIRST_PAUSE = Duration.ofMillis(4);

    private final FleetMember member;
    private final Supplier<Set<String>> models;
    private final Thread thread =
            Thread.ofPlatform().daemon().name("fleet-puller").unstarted(this::run);
    private final Map<String, Long> looked = new HashMap<>();
    private String lastLane = "";
    private Duration pause = FIRST_PAUSE;
    private final Semaphore wakeUps = new Semaphore(0);
    private volatile boolean closed;

    Puller(FleetMember member, Supplier<Set<String>> models) {
        this.member = member;
        this.models = models;
    }

    void start() {
        thread.start();
    }

    /** There may be something to take. */
    void wake() {
        wakeUps.release();
    }

    @Override
    public void close() {
        closed = true;
        wake();
    }

    private void run() {
        try {
            while (!closed && member.hand().awaitRoom()) {
                member.hand().giveWay();
                if (pull()) {
                    pause = FIRST_PAUSE;
                } else {
                    await();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void await() throws InterruptedException {
        boolean woken = wakeUps.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
        wakeUps.drainPermits();
        Duration longer = pause.multipliedBy(2);
        pause = woken ? FIRST_PAUSE : longer.compareTo(LOOK_AGAIN) < 0 ? longer : LOOK_AGAIN;
    }

    /** Whether an image was taken. */
    private boolean pull() throws InterruptedException {
        if (!member.link().isUp() || member.boards().isResting()) {
            return false;
        }
        try {
            for (Lanes.Lane lane : turns(Lanes.of(member.records().all(), models.get()))) {
                Optional<WorkStream.Taken> taken =
                        isWorthALook(lane) ? member.work().take(lane.key()) : Optional.empty();
                if (taken.isPresent()) {
                    lastLane = lane.key();
                    return put(taken.get());
                }
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "fleet: cannot take an image: {0}", e.getMessage());
        }
        return false;
    }

    private boolean put(WorkStream.Taken taken) throws InterruptedException {
        Optional<JobRecord> record =
                member.jobs().find(taken.jobId()).filter(job -> job.missing().contains(taken.index()));
        if (record.isEmpty() || record.get().state().isFinal()) {
            taken.message().ack(); // done elsewhere, or cancelled
            return true;
        }
        Job job = member.hand()
                .job(taken.jobId())
                .orElseGet(() -> Job.remote(
                        taken.jobId(),
                        member.jobs()
                                .images()
                                .withUploads(taken.jobId(), record.get().spec()),
                        record.get().client(),
                        record.get().createdAt()));
        if (closed) {
            taken.message().nak();
            return false;
        }
        member.hand().put(new ImageTask(job, taken.index()), taken);
        return true;
    }

    /** The lanes, from the one after the last that had its turn. */
    private List<Lanes.Lane> turns(List<Lanes.Lane> lanes) {
        List<Lanes.Lane> order = new ArrayList<>(lanes);
        for (int i = 0; i < lanes.size(); i++) {
            if (lanes.get(i).key().equals(lastLane)) {
                java.util.Collections.rotate(order, -(i + 1));
            }
        }
        return order;
    }

    private boolean isWorthALook(Lanes.Lane lane) {
        long now = System.nanoTime();
        if (lane.waiting() > 0
                || now - looked.getOrDefault(lane.key(), now - Long.MAX_VALUE / 2) > LOOK_AGAIN.toNanos()) {
            looked.put(lane.key(), now);
            return true;
        }
        return false;
    }
}
