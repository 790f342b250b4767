package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.job.Job;

/**
 * A worker's next piece of work: one image of a job.
 *
 * @param job the job
 * @param index which image of it; the first is 0
 */
public record ImageTask(Job job, int index) {

    public ImageRequest request() {
        return job.spec().image(index);
    }
}
