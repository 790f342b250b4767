package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.queue.ImageTask;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The images that this board has in hand: those that its worker draws, and one ahead, so that a fast board takes more.
 * Thread-safe.
 */
final class Hand {

    private static final long GLANCE_MILLIS = 200;

    /** Many times what a board without work needs to take an image. */
    private static final double GIVE_WAY_SECONDS = 0.03;

    /** Weight of a new measurement. */
    private static final double NEWEST = 0.3;

    private final BlockingQueue<ImageTask> ahead = new ArrayBlockingQueue<>(1);
    private final Map<ImageTask, WorkStream.Taken> taken = new ConcurrentHashMap<>();
    private final Map<ImageTask, Boolean> dropped = new ConcurrentHashMap<>();
    private volatile double secondsPerImage = 2; // about what a phone-class board takes
    private volatile boolean measured;
    private volatile boolean closed;

    /** Waits until there is room for one more; false once closed. */
    boolean awaitRoom() throws InterruptedException {
        while (!closed && !ahead.isEmpty()) {
            synchronized (this) {
                if (!ahead.isEmpty()) {
                    wait(GLANCE_MILLIS);
                }
            }
        }
        return !closed;
    }

    /** While this board draws: leaves what comes to those that do not, for a moment or until it does not, either. */
    void giveWay() throws InterruptedException {
        long end = System.nanoTime() + (long) (Math.min(GIVE_WAY_SECONDS, secondsPerImage / 4) * 1e9);
        synchronized (this) {
            long left = end - System.nanoTime();
            while (!closed && !taken.isEmpty() && left > 0) {
                wait(left / 1_000_000, (int) (left % 1_000_000));
                left = end - System.nanoTime();
            }
        }
    }

    /** Puts in an image of this board's own queue; waits for room. */
    void put(ImageTask task) throws InterruptedException {
        ahead.put(task);
    }

    /** Puts in an image of the fleet; waits for room. One that is here already, and NATS gave again, is not drawn twice. */
    void put(ImageTask task, WorkStream.Taken message) throws InterruptedException {
        if (taken.put(task, message) == null) {
            ahead.put(task);
        }
    }

    /** The next image; waits for one. Empty once closed. */
    Optional<ImageTask> next() throws InterruptedException {
        while (!closed) {
            ImageTask next = ahead.poll(GLANCE_MILLIS, TimeUnit.MILLISECONDS);
            if (next != null) {
                synchronized (this) {
                    notifyAll();
                }
                return Optional.of(next);
            }
        }
        return Optional.empty();
    }

    boolean isEmpty() {
        return ahead.isEmpty();
    }

    /** The message that an image of the fleet came by; empty for one of this board's own. */
    Optional<WorkStream.Taken> taken(ImageTask task) {
        return Optional.ofNullable(taken.get(task));
    }

    /** Tells NATS that nobody needs to draw this image any more. */
    void letGo(ImageTask task) {
        WorkStream.Taken message = taken.remove(task);
        synchronized (this) {
            notifyAll();
        }
        if (dropped.remove(task) == null && message != null) {
            message.message().ack();
        }
    }

    /** Leaves an image to whoever NATS gives it to next. */
    void drop(ImageTask task) {
        dropped.put(task, true);
    }

    /** Tells NATS that the images in hand are being drawn. */
    void hold() {
        taken.forEach((task, message) -> {
            if (!dropped.containsKey(task)) {
                message.message().inProgress();
            }
        });
    }

    /** Lets the worker stop what it draws of a job that is over. */
    void cancel(String jobId) {
        taken.keySet().stream()
                .map(ImageTask::job)
                .filter(job -> job.id().equals(jobId))
                .forEach(job -> job.cancelToken().cancel());
    }

    /** The object that stands for a job while its images are in hand. */
    Optional<Job> job(String jobId) {
        return taken.keySet().stream()
                .map(ImageTask::job)
                .filter(job -> job.id().equals(jobId))
                .findFirst();
    }

    Set<ImageTask> tasks() {
        return taken.keySet();
    }

    int count() {
        return taken.size();
    }

    void observe(Duration image) {
        double seconds = Math.max(1e-3, image.toNanos() / 1e9);
        secondsPerImage = measured ? secondsPerImage + NEWEST * (seconds - secondsPerImage) : seconds;
        measured = true;
    }

    double secondsPerImage() {
        return secondsPerImage;
    }

    /** Gives back what the worker has not begun; it gets nothing any more. */
    void close() {
        closed = true;
        ImageTask waiting = ahead.poll();
        if (waiting != null) {
            WorkStream.Taken message = taken.remove(waiting);
            if (message != null) {
                message.message().nak();
            }
        }
    }
}
