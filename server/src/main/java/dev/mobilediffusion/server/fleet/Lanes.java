package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.queue.QueueEstimate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Who waits in the fleet, read out of its records: clients take turns, and a turn is one image. */
final class Lanes {

    /**
     * Images of one client that want one model; boards take turns among lanes.
     *
     * @param waiting images that no board has begun; 0 where all are begun, and may come back if their board dies
     */
    record Lane(String model, String client, int waiting) {

        String key() {
            return Names.lane(model, client);
        }
    }

    private static final Comparator<JobRecord> OLDEST_FIRST =
            Comparator.comparing(JobRecord::createdAt).thenComparing(JobRecord::id);

    private Lanes() {}

    /** Lanes of unfinished jobs whose model is among {@code models}, the one with the oldest job first. */
    static List<Lane> of(List<JobRecord> jobs, Set<String> models) {
        Map<String, Lane> lanes = new LinkedHashMap<>();
        jobs.stream()
                .filter(job -> models.contains(job.spec().model()))
                .sorted(OLDEST_FIRST)
                .map(job -> new Lane(job.spec().model(), job.client().value(), job.waiting()))
                .forEach(lane -> lanes.merge(
                        lane.key(),
                        lane,
                        (one, other) -> new Lane(one.model(), one.client(), one.waiting() + other.waiting())));
        return List.copyOf(lanes.values());
    }

    /** Jobs of which some image waits for a board. */
    static int waitingJobs(List<JobRecord> jobs) {
        return (int) jobs.stream().filter(job -> job.waiting() > 0).count();
    }

    /** Images that wait for a board. */
    static int waitingImages(List<JobRecord> jobs) {
        return jobs.stream().mapToInt(JobRecord::waiting).sum();
    }

    /** @param image the fleet's time per image, with all boards together */
    static QueueEstimate estimate(String jobId, List<JobRecord> jobs, Duration image) {
        List<JobRecord> order = order(jobs);
        Set<String> before = new HashSet<>();
        int first = -1;
        int last = -1;
        for (int i = 0; i < order.size(); i++) {
            JobRecord job = order.get(i);
            if (job.id().equals(jobId)) {
                first = first < 0 ? i : first;
                last = i;
            } else if (first < 0 && job.state() == JobState.QUEUED) {
                before.add(job.id());
            }
        }
        boolean waits = first >= 0 && order.get(first).state() == JobState.QUEUED;
        int running = jobs.stream()
                .mapToInt(job -> job.missing().size() - job.waiting())
                .sum();
        // What is on a board now is half done on average
        double images = last + 1 + running * 0.5;
        return new QueueEstimate(waits ? before.size() + 1 : 0, Duration.ofNanos((long) (image.toNanos() * images)));
    }

    /** A record for each waiting image, in the order in which they would run if nobody else came. */
    private static List<JobRecord> order(List<JobRecord> jobs) {
        Map<String, Deque<JobRecord>> lanes = new LinkedHashMap<>();
        jobs.stream().sorted(OLDEST_FIRST).forEach(job -> {
            Deque<JobRecord> lane = lanes.computeIfAbsent(job.client().value(), client -> new ArrayDeque<>());
            for (int image = 0; image < job.waiting(); image++) {
                lane.add(job);
            }
        });
        List<JobRecord> order = new ArrayList<>();
        while (!lanes.isEmpty()) {
            for (Iterator<Deque<JobRecord>> turn = lanes.values().iterator(); turn.hasNext(); ) {
                Deque<JobRecord> lane = turn.next();
                if (lane.isEmpty()) {
                    turn.remove();
                } else {
                    order.add(lane.removeFirst());
                }
            }
        }
        return order;
    }
}
