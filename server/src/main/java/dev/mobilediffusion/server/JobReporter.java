package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.queue.JobObserver;
import java.time.Duration;
import java.util.Locale;

/** Tells the metrics what the queue does, and the log one line per job: times and settings, never a prompt unasked. */
final class JobReporter implements JobObserver {

    private static final System.Logger LOG = System.getLogger("mobilediffusion.jobs");

    private final ServerMetrics metrics;
    private final boolean logPrompts;

    JobReporter(ServerMetrics metrics, boolean logPrompts) {
        this.metrics = metrics;
        this.logPrompts = logPrompts;
    }

    @Override
    public void rejected(ErrorCode code) {
        metrics.jobRejected(code.label());
    }

    @Override
    public void stageDone(String model, Stage stage, Duration duration) {
        metrics.stageDone(model, stage, duration);
    }

    @Override
    public void imageDone(String model) {
        metrics.imageDone(model);
    }

    @Override
    public void finished(Job job) {
        metrics.jobFinished(job.state().label());
        LOG.log(System.Logger.Level.INFO, () -> line(job));
    }

    String line(Job job) {
        JobStatus status = job.status();
        StageTimings timings = status.timings();
        String size = status.images().stream()
                .findFirst()
                .map(image -> image.width() + "x" + image.height())
                .orElse("-");
        String steps = status.images().stream()
                .findFirst()
                .map(JobImage::steps)
                .map(String::valueOf)
                .orElse("-");
        String line = String.format(
                Locale.ROOT,
                "job=%s api=%s client=%s model=%s n=%d steps=%s size=%s queue=%dms text=%dms unet=%dms vae=%dms"
                        + " encode=%dms state=%s",
                job.id(),
                job.spec().api(),
                job.client(),
                job.spec().model(),
                job.spec().count(),
                steps,
                size,
                timings.of(Stage.QUEUE).toMillis(),
                timings.of(Stage.TOKENIZE).plus(timings.of(Stage.TEXT_ENCODER)).toMillis(),
                timings.of(Stage.UNET).toMillis(),
                timings.of(Stage.VAE_DECODER).toMillis(),
                timings.of(Stage.ENCODE).toMillis(),
                status.state().label());
        String error = status.error().map(why -> " code=" + why.code().label()).orElse("");
        return line
                + error
                + (logPrompts ? " prompt=" + quoted(job.spec().request().prompt()) : "");
    }

    /** A line break in a prompt must not look like another line of the log. */
    private static String quoted(String prompt) {
        return '"' + prompt.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ") + '"';
    }
}
