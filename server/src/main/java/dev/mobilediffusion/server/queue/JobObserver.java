package dev.mobilediffusion.server.queue;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import java.time.Duration;

/** Hears what the queue and its worker do, for metrics and logs. Implementations are thread-safe, quick, and never throw. */
public interface JobObserver {

    JobObserver NONE = new JobObserver() {};

    /** A job was refused at admission. */
    default void rejected(ErrorCode code) {}

    /** A stage of an image took this long. */
    default void stageDone(String model, Stage stage, Duration duration) {}

    /** An image is finished. */
    default void imageDone(String model) {}

    /** A job has come to its end. */
    default void finished(Job job) {}
}
