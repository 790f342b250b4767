package dev.mobilediffusion.server.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.edge.Errors;
import dev.mobilediffusion.server.edge.EventStream;
import dev.mobilediffusion.server.edge.GenerationBody;
import dev.mobilediffusion.server.edge.ImageReply;
import dev.mobilediffusion.server.edge.JobJson;
import dev.mobilediffusion.server.edge.PublicUrl;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.edge.Submission;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.generation.Delivery;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobStatus;
import dev.mobilediffusion.server.wire.JobWait;
import dev.mobilediffusion.server.wire.LongReply;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code POST /v1/images/generations}, {@code edits} and {@code variations}: the client waits, and gets JSON, the image itself, or events as they happen.
 * When it goes, its job goes with it.
 */
public final class ImageRoutes implements HttpService {

    public static final Api API = Api.named("openai");

    private final Submission submission;
    private final JobJson json;
    private final Duration heartbeat;

    public ImageRoutes(Submission submission, Duration heartbeat) {
        this.submission = submission;
        this.json = new JobJson(submission.queue());
        this.heartbeat = heartbeat;
    }

    @Override
    public void routing(HttpRules rules) {
        images(rules, "/edits", GenerationBody.Kind.EDIT);
        images(rules, "/variations", GenerationBody.Kind.VARIATION);
        rules.post(
                        "/generations",
                        (request, response) -> answer(submission.read(request, API.label()), request, response))
                .options("/generations", Routes.allow("POST, OPTIONS"))
                .any("/generations", Routes.methodNotAllowed("POST, OPTIONS"));
    }

    private void images(HttpRules rules, String path, GenerationBody.Kind kind) {
        Handler handler =
                (request, response) -> answer(submission.readWithImages(request, API.label(), kind), request, response);
        rules.post(path, submission.uploads().limited(handler))
                .options(path, Routes.allow("POST, OPTIONS"))
                .any(path, Routes.methodNotAllowed("POST, OPTIONS"));
    }

    private void answer(Submission.Draft draft, ServerRequest request, ServerResponse response) {
        GenerationBody body = draft.body();
        Delivery delivery = body.spec().delivery();
        Optional<ImageFormat> bare = body.stream() ? Optional.empty() : Negotiation.image(request, delivery.format());
        JobSpec spec = body.stream()
                ? body.spec()
                : body.spec()
                        .withDelivery(delivery.withFormat(bare.orElse(delivery.format()))
                                .withPreviews(0)); // nobody would see them
        if (bare.isPresent() && spec.count() != 1) {
            throw ApiException.invalid("n", "n must be 1 where the reply is the picture itself, got %d", spec.count());
        }
        if (body.wantsUrl()) {
            spec = spec.withLifetime(Lifetime.DURABLE); // a link must outlive the reply
        }
        Job job = submission.submit(draft, spec);
        try (JobWait wait = new JobWait(submission.queue(), job)) {
            if (body.stream()) {
                stream(response, job, wait, body.warnings());
                return;
            }
            wait.awaitFinished();
            JobStatus status = succeeded(job);
            if (bare.isPresent()) {
                ImageReply.send(response, job, status.images().getFirst(), warnings(body, status));
            } else {
                LongReply.json(
                        response,
                        ImagesJson.reply(
                                job,
                                body.warnings(),
                                body.wantsUrl() ? Optional.of(PublicUrl.of(request)) : Optional.empty()),
                        body.wantsUrl() ? List.of() : status.images());
            }
        } finally {
            submission.queue().handedOver(job);
        }
    }

    private void stream(ServerResponse response, Job job, JobWait wait, List<String> warnings) {
        try (EventStream events = new EventStream(response)) {
            comment(events, job);
            long seen = 0;
            while (true) {
                List<JobEvent> next = wait.awaitEvents(seen, heartbeat);
                if (next.isEmpty()) {
                    comment(events, job);
                }
                for (JobEvent event : next) {
                    seen = event.id();
                    if (event instanceof JobEvent.Preview preview) {
                        ObjectNode partial = ImagesJson.partial(job, preview);
                        events.event(partial.get("type").textValue(), partial);
                    } else if (event instanceof JobEvent.ImageReady ready) {
                        completed(events, job, ready.image(), warnings);
                    } else if (event instanceof JobEvent.Finished finished) {
                        finished.error()
                                .ifPresent(error -> events.event(
                                        "error", Errors.body(error.code(), error.param(), error.message())));
                        return;
                    }
                }
            }
        } catch (ServerConnectionException e) {
            wait.clientHasGone();
            throw e;
        }
    }

    /** An image of an earlier request with the same idempotency key may be gone from the disk. */
    private static void completed(EventStream events, Job job, JobImage image, List<String> warnings) {
        try {
            image.content().check();
        } catch (ApiException gone) {
            events.event("error", Errors.body(gone.code(), gone.param(), gone.getMessage()));
            return;
        }
        ObjectNode completed = ImagesJson.completed(job, image, warnings);
        events.event(completed.get("type").textValue(), completed);
    }

    private void comment(EventStream events, Job job) {
        events.comment(
                "%s %d",
                job.state().label(), json.queued(job).get("queue_position").intValue());
    }

    private static JobStatus succeeded(Job job) {
        JobStatus status = job.status();
        status.error().ifPresent(error -> {
            throw error.toException();
        });
        return status;
    }

    private static List<String> warnings(GenerationBody body, JobStatus status) {
        List<String> all = new ArrayList<>(body.warnings());
        all.addAll(status.images().getFirst().warnings());
        return all;
    }
}
