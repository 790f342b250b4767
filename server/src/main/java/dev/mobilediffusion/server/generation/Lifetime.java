package dev.mobilediffusion.server.generation;

/** How long a job is worth running. */
public enum Lifetime {
    /** As long as somebody waits for it: kept in memory, cancelled when its last client has gone. */
    ATTACHED,
    /** Until it is done: kept on disk, run after a restart. */
    DURABLE
}
