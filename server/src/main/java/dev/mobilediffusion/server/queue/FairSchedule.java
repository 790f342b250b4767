package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who draws next: clients take turns, a client's jobs take turns, and a turn is one image. So a client with fifty
 * jobs waits no less than one with a single job, and a job of ten images does not hold up a job of one.
 *
 * <p>Not thread-safe: the queue's lock guards it.
 */
final class FairSchedule {

    /** A job and its images that nobody has begun, in order. */
    private record Entry(Job job, Deque<Integer> images) {

        Entry copy() {
            return new Entry(job, new ArrayDeque<>(images));
        }
    }

    private final Map<ClientId, Deque<Entry>> lanes = new LinkedHashMap<>();

    /** Puts the images that {@code job} lacks at the end of its client's lane. */
    void add(Job job) {
        Deque<Integer> missing = new ArrayDeque<>();
        for (int index = 0; index < job.spec().count(); index++) {
            if (!job.has(index)) {
                missing.add(index);
            }
        }
        if (!missing.isEmpty()) {
            lanes.computeIfAbsent(job.client(), client -> new ArrayDeque<>()).add(new Entry(job, missing));
        }
    }

    Optional<ImageTask> poll() {
        Iterator<Map.Entry<ClientId, Deque<Entry>>> first = lanes.entrySet().iterator();
        if (!first.hasNext()) {
            return Optional.empty();
        }
        Map.Entry<ClientId, Deque<Entry>> turn = first.next();
        ClientId client = turn.getKey();
        Deque<Entry> lane = turn.getValue();
        first.remove();
        Entry entry = lane.removeFirst();
        int image = entry.images().removeFirst();
        if (!entry.images().isEmpty()) {
            lane.addLast(entry);
        }
        if (!lane.isEmpty()) {
            lanes.put(client, lane);
        }
        return Optional.of(new ImageTask(entry.job(), image));
    }

    void remove(Job job) {
        Deque<Entry> lane = lanes.get(job.client());
        if (lane != null) {
            lane.removeIf(entry -> entry.job() == job);
            if (lane.isEmpty()) {
                lanes.remove(job.client());
            }
        }
    }

    /** Jobs that still have an image which nobody has begun. */
    int jobs() {
        return lanes.values().stream().mapToInt(Deque::size).sum();
    }

    /** Images that nobody has begun. */
    int images() {
        return lanes.values().stream()
                .flatMap(Deque::stream)
                .mapToInt(entry -> entry.images().size())
                .sum();
    }

    /** All that is waiting, in the order in which it would run if nobody else came. */
    List<ImageTask> order() {
        FairSchedule copy = new FairSchedule();
        lanes.forEach((client, lane) -> {
            Deque<Entry> entries = new ArrayDeque<>();
            lane.forEach(entry -> entries.add(entry.copy()));
            copy.lanes.put(client, entries);
        });
        List<ImageTask> order = new ArrayList<>();
        for (Optional<ImageTask> next = copy.poll(); next.isPresent(); next = copy.poll()) {
            order.add(next.get());
        }
        return order;
    }
}
