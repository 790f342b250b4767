package dev.mobilediffusion.server.job;

import dev.mobilediffusion.server.job.JobEvent.StepDone;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;

/** A job's events, oldest first. Not thread-safe: the job's lock guards it. */
final class EventLog {

    /** Ids of one run of a job; a restart begins the next block, so that ids never go back. */
    private static final long IDS_PER_ATTEMPT = 1_000_000;

    private final List<JobEvent> events = new ArrayList<>();
    private long lastId;

    EventLog(int attempt) {
        lastId = attempt * IDS_PER_ATTEMPT;
    }

    /** Puts in the next event, which gets the next id; the event. */
    JobEvent add(LongFunction<JobEvent> event) {
        JobEvent next = event.apply(++lastId);
        put(next);
        return next;
    }

    private void put(JobEvent next) {
        // A watcher that lags wants the newest step, not all it has missed; so the log stays short, too
        if (next instanceof StepDone step
                && !events.isEmpty()
                && events.getLast() instanceof StepDone previous
                && previous.image() == step.image()) {
            events.removeLast();
        }
        events.add(next);
    }

    /** Puts in an event with an id of its own; whether it was newer than the last, and the last was not the end. */
    boolean append(JobEvent event) {
        if (event.id() <= lastId || (!events.isEmpty() && events.getLast() instanceof JobEvent.Finished)) {
            return false;
        }
        lastId = event.id();
        put(event);
        return true;
    }

    /** Puts in the events of images and end that a job has and that did not come; whether there were some. */
    boolean complete(JobProgress job) {
        if (!job.state().isFinal() || (!events.isEmpty() && events.getLast() instanceof JobEvent.Finished)) {
            return false;
        }
        Set<Integer> told = new HashSet<>();
        for (JobEvent event : events) {
            if (event instanceof JobEvent.ImageReady ready) {
                told.add(ready.image().index());
            }
        }
        job.images().stream()
                .filter(image -> !told.contains(image.index()))
                .forEach(image -> add(id -> new JobEvent.ImageReady(id, image)));
        JobEvent unused = add(id -> new JobEvent.Finished(id, job.state(), job.error()));
        return true;
    }

    /** Forgets the events that hold images. */
    void dropImages() {
        dropPreviews();
        events.removeIf(JobEvent.ImageReady.class::isInstance);
    }

    /** Forgets the looks at unfinished images. */
    void dropPreviews() {
        events.removeIf(event -> {
            if (event instanceof JobEvent.Preview preview) {
                preview.content().release();
                return true;
            }
            return false;
        });
    }

    List<JobEvent> after(long id) {
        int from = events.size();
        while (from > 0 && events.get(from - 1).id() > id) {
            from--;
        }
        return List.copyOf(events.subList(from, events.size()));
    }
}
