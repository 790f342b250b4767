package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.JobSpec;

/** Refuses jobs for reasons that the queue does not know: a key's limit, a model too large for this machine. Thread-safe. */
@FunctionalInterface
public interface AdmissionRule {

    /** @throws dev.mobilediffusion.server.error.ApiException where the job must not be admitted */
    void check(JobSpec spec, ClientId client);
}
