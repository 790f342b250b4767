package dev.mobilediffusion.server.job;

import java.util.Locale;

/** Where a job is; {@link #label} is the spelling in JSON, gRPC, logs, metrics and the store. */
public enum JobState {
    QUEUED,
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED;

    /** Whether the job changes no more. */
    public boolean isFinal() {
        return this == SUCCEEDED || this == FAILED || this == CANCELLED;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static JobState ofLabel(String label) {
        return valueOf(label.toUpperCase(Locale.ROOT));
    }
}
