package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.job.ImageContent;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.QueueEstimate;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Optional;

/**
 * {@code /progress}, {@code /interrupt} and {@code /skip}, of the caller's own job: with A1111 they are everybody's, and
 * a closing tab would stop another person's image.
 */
final class ProgressRoutes implements HttpService {

    /** What A1111 says at least of a job that has begun, and at most of one that has not ended. */
    private static final double LEAST = 0.01;

    private static final double MOST = 0.99;

    private final JobQueue queue;
    private final ClientJobs jobs;

    ProgressRoutes(JobQueue queue, ClientJobs jobs) {
        this.queue = queue;
        this.jobs = jobs;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/progress", Answers.of(this::show))
                .any("/progress", Answers.methodNotAllowed("GET, HEAD"))
                .post("/interrupt", Answers.of((request, response) -> {
                    stop(request);
                    Answers.send(response, Json.object());
                }))
                .any("/interrupt", Answers.methodNotAllowed("POST"))
                // One image cannot be left out here, so what comes after it goes, too
                .post("/skip", Answers.of((request, response) -> {
                    stop(request);
                    Answers.sendNull(response);
                }))
                .any("/skip", Answers.methodNotAllowed("POST"));
    }

    private void stop(ServerRequest request) {
        jobs.current(Clients.of(request)).ifPresent(queue::cancel);
    }

    private void show(ServerRequest request, ServerResponse response) {
        boolean withoutImage =
                request.query().first("skip_current_image").orElse("").equalsIgnoreCase("true");
        Answers.send(
                response,
                jobs.current(Clients.of(request))
                        .map(job -> busy(job, withoutImage))
                        .orElseGet(ProgressRoutes::idle));
    }

    private static ObjectNode idle() {
        ObjectNode node = Json.object();
        node.put("progress", 0.0);
        node.put("eta_relative", 0.0);
        putState(node, "", 0, "0", 0, 0, 0);
        node.putNull("current_image");
        node.putNull("textinfo");
        return node;
    }

    private ObjectNode busy(Job job, boolean withoutImage) {
        JobStatus status = job.status();
        int count = job.spec().count();
        int done = status.images().size();
        double part = status.steps() == 0 ? 0 : (double) status.step() / status.steps();
        Optional<QueueEstimate> estimate = queue.estimate(job);
        ObjectNode node = Json.object();
        node.put("progress", Math.clamp((done + part) / count, LEAST, MOST));
        node.put(
                "eta_relative",
                estimate.map(left -> left.eta().toMillis() / 1e3).orElse(0.0));
        putState(
                node,
                job.id(),
                count,
                GenerationInfo.timestamp(LocalDateTime.ofInstant(status.createdAt(), ZoneId.systemDefault())),
                done,
                status.step(),
                status.steps());
        node.putPOJO("current_image", withoutImage ? null : lastPreview(job).orElse(null));
        int position = estimate.map(QueueEstimate::position).orElse(0);
        node.put("textinfo", position == 0 ? null : "Waiting at place " + position);
        return node;
    }

    private static void putState(
            ObjectNode node, String job, int count, String timestamp, int done, int step, int steps) {
        ObjectNode state = node.putObject("state");
        state.put("skipped", false);
        state.put("interrupted", false);
        state.put("stopping_generation", false);
        state.put("job", job);
        state.put("job_count", count);
        state.put("job_timestamp", timestamp);
        state.put("job_no", done);
        state.put("sampling_step", step);
        state.put("sampling_steps", steps);
    }

    private static Optional<ImageContent> lastPreview(Job job) {
        return job.eventsAfter(0).reversed().stream()
                .filter(JobEvent.Preview.class::isInstance)
                .map(event -> ((JobEvent.Preview) event).content())
                .findFirst();
    }
}
