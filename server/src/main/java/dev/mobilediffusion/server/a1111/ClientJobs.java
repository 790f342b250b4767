package dev.mobilediffusion.server.a1111;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whose jobs are under way: progress and interrupt name none, and must show and stop the caller's own. Thread-safe.
 */
final class ClientJobs {

    private final Map<Job, ClientId> jobs = new LinkedHashMap<>(); // in the order of their arrival

    synchronized void begin(ClientId caller, Job job) {
        jobs.put(job, caller);
    }

    synchronized void end(Job job) {
        jobs.remove(job);
    }

    /** The caller's running job, else the one that waits longest. */
    Optional<Job> current(ClientId caller) {
        List<Job> own = of(caller);
        return own.stream()
                .filter(job -> job.state() == JobState.RUNNING)
                .findFirst()
                .or(() -> own.stream().filter(job -> !job.state().isFinal()).findFirst());
    }

    private synchronized List<Job> of(ClientId caller) {
        return jobs.entrySet().stream()
                .filter(entry -> entry.getValue().equals(caller))
                .map(Map.Entry::getKey)
                .toList();
    }
}
