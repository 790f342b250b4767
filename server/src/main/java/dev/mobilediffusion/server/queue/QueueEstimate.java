package dev.mobilediffusion.server.queue;

import java.time.Duration;

/**
 * How long a job will take, if nobody else comes.
 *
 * @param position 1 for the next job to start; 0 once the job has started
 * @param eta until its last image, from the measured time of each network and the calls that are still to make
 */
public record QueueEstimate(int position, Duration eta) {}
