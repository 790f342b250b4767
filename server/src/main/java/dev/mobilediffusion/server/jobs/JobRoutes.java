package dev.mobilediffusion.server.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.edge.Api;
import dev.mobilediffusion.server.edge.EventStream;
import dev.mobilediffusion.server.edge.GenerationBody;
import dev.mobilediffusion.server.edge.ImageReply;
import dev.mobilediffusion.server.edge.JobJson;
import dev.mobilediffusion.server.edge.PublicUrl;
import dev.mobilediffusion.server.edge.Routes;
import dev.mobilediffusion.server.edge.Submission;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobImage;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.wire.JobWait;
import dev.mobilediffusion.server.wire.Json;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.util.List;

/** {@code /v1/jobs}: the client hands in a job, goes, and comes back for it, also after a restart of the server. */
public final class JobRoutes implements HttpService {

    public static final Api API = Api.named("jobs");

    private static final HeaderName LAST_EVENT_ID = HeaderNames.create("Last-Event-ID");

    private final Submission submission;
    private final JobJson json;
    private final Duration heartbeat;

    public JobRoutes(Submission submission, Duration heartbeat) {
        this.submission = submission;
        this.json = new JobJson(submission.queue());
        this.heartbeat = heartbeat;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/", submission.uploads().limited(this::create))
                .options("/", Routes.allow("POST, OPTIONS"))
                .any("/", Routes.methodNotAllowed("POST, OPTIONS"))
                .get("/{id}", this::show)
                .delete("/{id}", this::cancel)
                .options("/{id}", Routes.allow("GET, HEAD, DELETE, OPTIONS"))
                .any("/{id}", Routes.methodNotAllowed("GET, HEAD, DELETE, OPTIONS"))
                .get("/{id}/events", this::events)
                .any("/{id}/events", Routes.methodNotAllowed("GET, HEAD"))
                .get("/{id}/images/{index}", this::image)
                .any("/{id}/images/{index}", Routes.methodNotAllowed("GET, HEAD"));
    }

    private void create(ServerRequest request, ServerResponse response) {
        Submission.Draft draft = submission.readWithImages(request, API.label(), GenerationBody.Kind.GENERATION);
        Job job = submission.submit(draft, draft.body().spec().withLifetime(Lifetime.DURABLE));
        PublicUrl url = PublicUrl.of(request);
        ObjectNode body = json.of(job, url);
        draft.body().warnings().forEach(body.withArray("warnings")::add);
        response.status(Status.ACCEPTED_202);
        response.header(HeaderNames.LOCATION, url.link(JobJson.PATH + job.id()));
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.send(Json.bytes(body));
    }

    private void show(ServerRequest request, ServerResponse response) {
        sendJob(request, response, job(request));
    }

    private void cancel(ServerRequest request, ServerResponse response) {
        Job job = job(request);
        submission.queue().cancel(job);
        sendJob(request, response, job);
    }

    private void image(ServerRequest request, ServerResponse response) {
        Job job = job(request);
        String index = request.path().pathParameters().get("index");
        JobImage image = job.status().images().stream()
                .filter(each -> Integer.toString(each.index()).equals(index))
                .findFirst()
                .orElseThrow(() -> ApiException.of(
                        ErrorCode.NOT_FOUND,
                        "index",
                        "job %s is %s and has no such picture"
                                .formatted(job.id(), job.state().label())));
        ImageReply.sendStored(request, response, job, image);
    }

    private void events(ServerRequest request, ServerResponse response) {
        Job job = job(request);
        long seen = lastEventId(request);
        PublicUrl url = PublicUrl.of(request);
        try (JobWait wait = new JobWait(submission.queue(), job);
                EventStream events = new EventStream(response)) {
            events.comment("%s", job.state().label());
            boolean open = true;
            while (open) {
                List<JobEvent> next = wait.awaitEvents(seen, heartbeat);
                if (next.isEmpty()) {
                    // A finished job whose last event the client has seen already says nothing more
                    open = !job.state().isFinal();
                    beat(events, job);
                }
                for (JobEvent event : next) {
                    seen = event.id();
                    send(events, job, event, url);
                    open = open && !(event instanceof JobEvent.Finished);
                }
            }
        } catch (ApiException stopping) {
            // The reply has begun, so its end is all that a stopping server can say; clients come back by themselves
            if (stopping.code() != ErrorCode.NOT_READY) {
                throw stopping;
            }
        }
    }

    /** A waiting client hears its new place; without an id, since it is nothing to resume at. */
    private void beat(EventStream events, Job job) {
        if (job.state() == JobState.QUEUED) {
            events.event("queued", json.queued(job));
        } else {
            events.comment("%s", json.queued(job));
        }
    }

    private void send(EventStream events, Job job, JobEvent event, PublicUrl url) {
        switch (event) {
            case JobEvent.Queued queued -> events.event(queued.id(), "queued", json.queued(job));
            case JobEvent.Started started -> events.event(started.id(), "started", json.queued(job));
            case JobEvent.StageStarted stage ->
                events.event(
                        stage.id(),
                        "stage",
                        json.withTimeLeft(
                                job,
                                Json.object()
                                        .put("image", stage.image())
                                        .put("stage", stage.stage().label())));
            case JobEvent.StepDone step ->
                events.event(
                        step.id(),
                        "step",
                        json.withTimeLeft(
                                job,
                                Json.object()
                                        .put("image", step.image())
                                        .put("step", step.step())
                                        .put("steps", step.steps())));
            case JobEvent.Preview preview ->
                events.event(
                        preview.id(),
                        "preview",
                        Json.object()
                                .put("image", preview.image())
                                .put("index", preview.index())
                                .putPOJO("b64_json", preview.content()));
            case JobEvent.ImageReady ready ->
                events.event(ready.id(), "image", JobJson.of(job.id(), ready.image(), url));
            case JobEvent.Finished finished ->
                events.event(finished.id(), finished.state().label(), json.of(job, url));
        }
    }

    private Job job(ServerRequest request) {
        String id = request.path().pathParameters().get("id");
        return submission
                .queue()
                .find(id)
                .orElseThrow(
                        () -> ApiException.of(ErrorCode.NOT_FOUND, "id", "there is no such job; it may have expired"));
    }

    private void sendJob(ServerRequest request, ServerResponse response, Job job) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
        response.send(Json.bytes(json.of(job, PublicUrl.of(request))));
    }

    private static long lastEventId(ServerRequest request) {
        if (!request.headers().contains(LAST_EVENT_ID)) {
            return 0;
        }
        String text = request.headers().get(LAST_EVENT_ID).get();
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw ApiException.invalid("Last-Event-ID", "Last-Event-ID must be an id of an event of this job");
        }
    }
}
