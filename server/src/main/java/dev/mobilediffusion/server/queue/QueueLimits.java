package dev.mobilediffusion.server.queue;

/**
 * How much may wait.
 *
 * @param jobs waiting jobs in [1, 10000]; the next one is refused
 * @param images waiting images of all jobs together, at least {@code jobs}; bounds the memory of what is half done
 */
public record QueueLimits(int jobs, int images) {

    public static final int DEFAULT_JOBS = 64;

    public QueueLimits {
        if (jobs < 1 || jobs > 10_000) {
            throw new IllegalArgumentException("queue capacity must be in [1, 10000] jobs, got " + jobs);
        }
        if (images < jobs) {
            throw new IllegalArgumentException(
                    "queue capacity must be at least %s pictures, got %s".formatted(jobs, images));
        }
    }

    /** Room for {@code jobs} jobs of four images each. */
    public static QueueLimits ofJobs(int jobs) {
        return new QueueLimits(jobs, jobs * 4);
    }
}
