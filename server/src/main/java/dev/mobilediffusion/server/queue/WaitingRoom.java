package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Where admitted images wait for a worker: counts the seats, hands out turns, foresees them. Thread-safe. */
final class WaitingRoom {

    private static final Duration RESTART = Duration.ofSeconds(5);

    private final QueueLimits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition workOrEnd = lock.newCondition();
    private final FairSchedule schedule = new FairSchedule();
    private final DrawRate rate = new DrawRate();
    private final Set<ImageTask> running = new HashSet<>();
    private int reservedJobs;
    private int reservedImages;
    private boolean draining;

    WaitingRoom(QueueLimits limits) {
        this.limits = limits;
    }

    QueueLimits limits() {
        return limits;
    }

    /** Keeps a seat for a job; {@link #seat} follows. */
    void reserve(Job job) {
        if (job.spec().count() > limits.images()) {
            throw ApiException.invalid(
                    "n",
                    "n must be at most %d, which is all that this server's queue holds, got %d",
                    limits.images(),
                    job.spec().count());
        }
        locked(() -> {
            if (draining) {
                throw ApiException.retry(ErrorCode.NOT_READY, "the server is stopping", RESTART);
            }
            int images = schedule.images() + reservedImages + job.spec().count();
            if (schedule.jobs() + reservedJobs >= limits.jobs() || images > limits.images()) {
                throw ApiException.retry(
                        ErrorCode.RATE_LIMIT_EXCEEDED,
                        "the queue is full: %s jobs with %s pictures are waiting, of at most %s jobs and %s pictures"
                                .formatted(schedule.jobs(), schedule.images(), limits.jobs(), limits.images()),
                        timeUntilRoom());
            }
            reservedJobs++;
            reservedImages += job.spec().count();
            return null;
        });
    }

    /** Gives back the seat of a job that is not admitted after all. */
    void release(Job job) {
        locked(() -> {
            reservedJobs--;
            reservedImages -= job.spec().count();
            return null;
        });
    }

    void seat(Job job) {
        locked(() -> {
            release(job);
            schedule.add(job);
            workOrEnd.signal();
            return null;
        });
    }

    /** Jobs of an earlier server, which had their seats there. */
    void seatRecovered(List<Job> jobs) {
        locked(() -> {
            jobs.forEach(schedule::add);
            workOrEnd.signalAll();
            return null;
        });
    }

    void remove(Job job) {
        locked(() -> {
            schedule.remove(job);
            return null;
        });
    }

    /** The next image in fair order; waits for one. Empty once the room drains. */
    Optional<ImageTask> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!draining) {
                Optional<ImageTask> next = schedule.poll();
                if (next.isPresent()) {
                    running.add(next.get());
                    return next;
                }
                workOrEnd.await();
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** @param cost of the image, where it was drawn to the end */
    void done(ImageTask task, Optional<DrawCost> cost) {
        locked(() -> {
            running.remove(task);
            cost.ifPresent(rate::observe);
            return null;
        });
    }

    /** Learns what an image costs that no job asked for. */
    void observe(DrawCost cost) {
        locked(() -> {
            rate.observe(cost);
            return null;
        });
    }

    /** Lets nobody in and hands nothing out any more; who is still waiting. */
    List<ImageTask> drain() {
        return locked(() -> {
            draining = true;
            workOrEnd.signalAll();
            return schedule.order();
        });
    }

    boolean isDraining() {
        return locked(() -> draining);
    }

    int jobs() {
        return locked(schedule::jobs);
    }

    QueueEstimate estimate(Job job) {
        return locked(() -> {
            List<ImageTask> order = schedule.order();
            Set<Job> before = new HashSet<>();
            int first = -1;
            int last = -1;
            for (int i = 0; i < order.size(); i++) {
                if (order.get(i).job() == job) {
                    first = first < 0 ? i : first;
                    last = i;
                } else if (first < 0 && order.get(i).job().state() == JobState.QUEUED) {
                    before.add(order.get(i).job());
                }
            }
            boolean waiting = first >= 0 && job.state() == JobState.QUEUED;
            Duration eta = timeLeft(order.subList(0, last + 1));
            return new QueueEstimate(waiting ? before.size() + 1 : 0, eta);
        });
    }

    /** Until the first waiting job has begun its last image; the caller holds the lock. */
    private Duration timeUntilRoom() {
        List<ImageTask> order = schedule.order();
        int room = order.size();
        Set<Job> seen = new HashSet<>();
        for (int i = order.size() - 1; i >= 0; i--) {
            if (seen.add(order.get(i).job())) {
                room = i;
            }
        }
        return timeLeft(order.subList(0, room));
    }

    /** Until the running images are done, and then these; the caller holds the lock. */
    private Duration timeLeft(List<ImageTask> waiting) {
        Duration begun = running.stream().map(rate::left).reduce(Duration.ZERO, Duration::plus);
        return waiting.stream().map(rate::whole).reduce(begun, Duration::plus);
    }

    private <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }
}
