package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.server.job.Job;

/**
 * A worker's next piece of work: one picture of a job.
 *
 * @param job the job
 * @param index which picture of it; the first is 0
 */
public record ImageTask(Job job, int index) {

    public ImageRequest request() {
        return job.spec().picture(index);
    }
}
