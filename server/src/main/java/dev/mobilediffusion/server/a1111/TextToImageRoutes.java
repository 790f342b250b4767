package dev.mobilediffusion.server.a1111;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.Infotext;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.generation.Source;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.wire.Clients;
import dev.mobilediffusion.server.wire.JobWait;
import dev.mobilediffusion.server.wire.Json;
import dev.mobilediffusion.server.wire.RequestBody;
import dev.mobilediffusion.server.wire.Uploads;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** {@code POST /txt2img} and {@code img2img}: the client waits for its images; when it goes, its job goes with it. */
final class TextToImageRoutes implements HttpService {

    private final JobQueue queue;
    private final Checkpoints checkpoints;
    private final Choices choices;
    private final ClientJobs jobs;
    private final Uploads uploads;

    TextToImageRoutes(JobQueue queue, Checkpoints checkpoints, Choices choices, ClientJobs jobs, Uploads uploads) {
        this.queue = queue;
        this.checkpoints = checkpoints;
        this.choices = choices;
        this.jobs = jobs;
        this.uploads = uploads;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/txt2img", uploads.limited(Answers.of(this::draw)))
                .any("/txt2img", Answers.methodNotAllowed("POST"))
                .post("/img2img", uploads.limited(Answers.of(this::drawAnew)))
                .any("/img2img", Answers.methodNotAllowed("POST"));
    }

    private void draw(ServerRequest request, ServerResponse response) {
        draw(request, response, Json.parseObject(RequestBody.json(request, uploads.maxBytes())), Optional.empty());
    }

    private void drawAnew(ServerRequest request, ServerResponse response) {
        ObjectNode object = Json.parseObject(RequestBody.json(request, uploads.maxBytes()));
        draw(request, response, object, Optional.of(ImageToImageFields.take(object)));
    }

    private void draw(ServerRequest request, ServerResponse response, ObjectNode object, Optional<Source> source) {
        ClientId caller = Clients.of(request);
        String sampler =
                Infotext.samplerName(checkpoints.models().defaultModel().schedulerName());
        TextToImageBody body = TextToImageBody.of(object, source, choices, choices.of(caller), checkpoints, sampler);
        Job job = queue.submit(body.spec(), caller);
        Uploads.done(request);
        jobs.begin(caller, job);
        try (JobWait wait = new JobWait(queue, job)) {
            wait.awaitFinished();
            Answers.send(response, reply(job, body), job.status().images());
        } finally {
            jobs.end(job);
            queue.handedOver(job);
        }
    }

    /** Also of an interrupted job, with the images that were finished by then, which may be none. */
    private ObjectNode reply(Job job, TextToImageBody body) {
        JobStatus status = job.status();
        boolean interrupted = status.state() == JobState.CANCELLED;
        status.error()
                .filter(error -> status.images().isEmpty() && !interrupted)
                .ifPresent(error -> {
                    throw error.toException();
                });
        ObjectNode node = Json.object();
        ArrayNode images = node.putArray("images");
        if (body.sendImages()) {
            for (JobImage image : status.images()) {
                images.addPOJO(image.content());
            }
        }
        node.set("parameters", body.echo());
        ModelInfo model = checkpoints.models().info(job.spec().model()).orElseThrow();
        ObjectNode info = GenerationInfo.of(job.spec(), status.images(), model, body.warnings());
        node.put("info", new String(Json.bytes(info), StandardCharsets.UTF_8));
        return node;
    }
}
