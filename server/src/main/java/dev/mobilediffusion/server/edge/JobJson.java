package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.runtime.StageTimings;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobError;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.QueueEstimate;
import dev.mobilediffusion.server.wire.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Jobs as JSON. */
public final class JobJson {

    public static final String PATH = "/v1/jobs/";

    private final JobQueue queue;

    public JobJson(JobQueue queue) {
        this.queue = queue;
    }

    /**
     * A job as {@code GET /v1/jobs/{id}} shows it.
     *
     * @param url for the links to its images
     */
    public ObjectNode of(Job job, PublicUrl url) {
        JobStatus status = job.status();
        Optional<QueueEstimate> estimate = queue.estimate(job);
        ObjectNode node = Json.object();
        node.put("id", status.id());
        node.put("object", "job");
        node.put("status", status.state().label());
        node.put("model", job.spec().model());
        node.put("n", job.spec().count());
        node.put("queue_position", estimate.map(QueueEstimate::position).orElse(0));
        node.put("eta_seconds", seconds(estimate));
        node.put("created", status.createdAt().getEpochSecond());
        putTime(node, "started", status.startedAt());
        putTime(node, "finished", status.finishedAt());
        ObjectNode progress = node.putObject("progress");
        progress.put("image", status.images().size());
        progress.put("stage", status.stage().map(Stage::label).orElse(null));
        progress.put("step", status.step());
        progress.put("steps", status.steps());
        node.set("timings_ms", timings(status.timings()));
        ArrayNode images = node.putArray("images");
        Set<String> warnings = new LinkedHashSet<>();
        for (JobImage image : status.images()) {
            images.add(of(job.id(), image, url));
            warnings.addAll(image.warnings());
        }
        ArrayNode sentences = node.putArray("warnings");
        warnings.forEach(sentences::add);
        node.set("error", status.error().map(JobJson::of).orElse(null));
        return node;
    }

    /** Where a waiting job stands. */
    public ObjectNode queued(Job job) {
        Optional<QueueEstimate> estimate = queue.estimate(job);
        ObjectNode node = Json.object();
        node.put("id", job.id());
        node.put("status", job.state().label());
        node.put("queue_position", estimate.map(QueueEstimate::position).orElse(0));
        node.put("eta_seconds", seconds(estimate));
        return node;
    }

    /** An event of a job, with the job's time left from now on. */
    public ObjectNode withTimeLeft(Job job, ObjectNode event) {
        return event.put("eta_seconds", seconds(queue.estimate(job)));
    }

    public static ObjectNode of(String jobId, JobImage image, PublicUrl url) {
        ObjectNode node = Json.object();
        node.put("index", image.index());
        node.put("url", url.link(PATH + jobId + "/images/" + image.index()));
        node.put("seed", image.seed());
        node.put("width", image.width());
        node.put("height", image.height());
        node.put("steps", image.steps());
        node.put("guidance_scale", image.guidanceScale());
        node.put("format", image.format().label());
        node.put("sha256", image.sha256());
        node.set("timings_ms", timings(image.timings()));
        return node;
    }

    public static ObjectNode of(JobError error) {
        return (ObjectNode)
                Errors.body(error.code(), error.param(), error.message()).get("error");
    }

    /** Stage to milliseconds, with three decimals. */
    public static ObjectNode timings(StageTimings timings) {
        ObjectNode node = Json.object();
        timings.durations().forEach((stage, took) -> node.put(stage.label(), milliseconds(took)));
        return node;
    }

    public static double milliseconds(Duration duration) {
        return Math.round(duration.toNanos() / 1e3) / 1e3;
    }

    private static double seconds(Optional<QueueEstimate> estimate) {
        long nanos = estimate.map(left -> left.eta().toNanos()).orElse(0L);
        return Math.round(nanos / 1e8) / 10.0;
    }

    private static void putTime(ObjectNode node, String name, Optional<Instant> moment) {
        node.put(name, moment.map(Instant::getEpochSecond).orElse(null));
    }
}
