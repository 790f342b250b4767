package dev.mobilediffusion.server.job;

import dev.mobilediffusion.runtime.ImageRequest;

/**
 * A worker's next piece of work: one picture of a job.
 *
 * @param job the job
 * @param index which picture of it; the first is 0
 */
record PictureTask(Job job, int index) {

    ImageRequest request() {
        return job.spec().picture(index);
    }
}
