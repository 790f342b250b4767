package dev.mobilediffusion.server.fleet;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.queue.UploadBounds;
import java.time.Duration;
import java.util.List;

/** What may wait in a fleet, read out of its records; when boards admit at the same moment, a few more than that. */
final class FleetRoom {

    /** Images that may wait for each job that may. */
    private static final int IMAGES_PER_JOB = 4;

    private FleetRoom() {}

    /**
     * @param unfinished jobs of the fleet
     * @param capacity jobs that may wait
     * @param image the fleet's time per image
     * @throws ApiException RATE_LIMIT_EXCEEDED where there is no room for one more job
     */
    static void require(JobSpec spec, ClientId client, List<JobRecord> unfinished, int capacity, Duration image) {
        int jobs = Lanes.waitingJobs(unfinished);
        int images = Lanes.waitingImages(unfinished);
        int bound = capacity * IMAGES_PER_JOB;
        if (jobs >= capacity || images + spec.count() > bound) {
            throw ApiException.retry(
                    ErrorCode.RATE_LIMIT_EXCEEDED,
                    "the queue is full: %s jobs with %s pictures are waiting, of at most %s jobs and %s pictures"
                            .formatted(jobs, images, capacity, bound),
                    image.multipliedBy(Math.max(1, images / Math.max(1, capacity))));
        }
        if (spec.uploadBytes() > 0) {
            UploadBounds.require(
                    spec.uploadBytes() + bytes(unfinished),
                    spec.uploadBytes()
                            + bytes(unfinished.stream()
                                    .filter(job -> job.client().equals(client))
                                    .toList()));
        }
    }

    private static long bytes(List<JobRecord> jobs) {
        return jobs.stream().mapToLong(job -> job.spec().uploadBytes()).sum();
    }
}
