package dev.mobilediffusion.server.job;

import java.util.LinkedHashMap;

/**
 * Jobs that ended a short while ago, with their events: a client that comes back for one hears only what it missed. Not
 * thread-safe: its owner guards it.
 */
public final class RecentJobs {

    private static final int MAX_JOBS = 64;

    /** The last one last. */
    private final LinkedHashMap<String, Job> jobs = new LinkedHashMap<>();

    /** Takes the place of the oldest where there are too many. */
    public void remember(Job job) {
        jobs.put(job.id(), job);
        if (jobs.size() > MAX_JOBS) {
            jobs.remove(jobs.firstEntry().getKey());
        }
    }

    public void forget(String id) {
        jobs.remove(id);
    }

    /** The job itself where it is remembered, else {@code stored}, which knows no event but the end. */
    public Job remembered(Job stored) {
        return jobs.getOrDefault(stored.id(), stored);
    }
}
