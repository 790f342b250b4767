package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.job.Job;
import java.util.List;
import java.util.Optional;

/**
 * The one admission point of all APIs: bounded, fair between clients, image by image, durable where asked. One board
 * has a {@link LocalJobQueue}; boards of a fleet share one.
 *
 * <pre>{@code
 * Job job = queue.submit(spec, ClientId.ofAddress(peer));
 * job.awaitFinished(Duration.ofSeconds(60));
 * List<JobImage> images = job.status().images();
 * }</pre>
 *
 * <p>Safe for use by any thread. Refusals are {@link ApiException}s: RATE_LIMIT_EXCEEDED with a time to come back when
 * full, NOT_READY while stopping, IDEMPOTENCY_KEY_REUSED, STORAGE_FULL, STORAGE_UNAVAILABLE.
 */
public interface JobQueue extends AutoCloseable {

    /** Has {@code rule} look at each job before it is admitted. */
    void admitBy(AdmissionRule rule);

    /** Admits a job, or finds the one that the same client has sent before under the same idempotency key. */
    Job submit(JobSpec spec, ClientId client);

    /** A live or stored job. */
    Optional<Job> find(String id);

    /** Ends a job wherever it is; whether this call was the one that did. A finished job stays as it is. */
    boolean cancel(Job job);

    /** To be called when the client that waits for a job has gone: ends it, unless it is durable. */
    void abandon(Job job);

    /** To be called when the client that waits for a job has got all of it: an attached one that is over lets go of its images. */
    void handedOver(Job job);

    /** Place in the queue and time left; empty for a finished job. */
    Optional<QueueEstimate> estimate(Job job);

    /** Waiting jobs: admitted, and not all of their images begun. */
    int depth();

    /** Jobs that may wait. */
    int capacity();

    /** The boards that share this queue, by name, this one among them; none where it is not shared. */
    default List<BoardStatus> boards() {
        return List.of();
    }

    /** Why jobs cannot be taken in now although the server runs: a sentence; empty when they can. */
    Optional<String> obstacle();

    boolean isDraining();

    /**
     * Stops admission and, after the running image, the workers. Durable jobs stay for the next start, or for others;
     * attached ones that still need a worker end with NOT_READY.
     */
    void drain();

    /** Lets go of what holds the jobs. Call it when the workers have ended. */
    @Override
    void close();

    /** For the worker. */
    WorkQueue work();
}
