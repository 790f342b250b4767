package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;
import dev.mobilediffusion.server.generation.Idempotency;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import dev.mobilediffusion.server.grpc.v1.CancelJobRequest;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.GetJobRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import dev.mobilediffusion.server.grpc.v1.ListModelsRequest;
import dev.mobilediffusion.server.grpc.v1.ListModelsResponse;
import dev.mobilediffusion.server.grpc.v1.SubmitJobRequest;
import dev.mobilediffusion.server.grpc.v1.WatchJobRequest;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;

/**
 * The service's methods. What they throw, the {@link CallGuard} turns into the call's status. Those that send events do so
 * on a virtual thread of their own.
 */
final class ImageGenerationService extends ImageGenerationGrpc.ImageGenerationImplBase {

    private final JobQueue queue;
    private final ModelCatalog models;
    private final GenerationRequest requests;
    private final Duration heartbeat;
    private final Duration patience;
    private final UnreadEvents unread;

    /**
     * @param heartbeat the longest silence in an event stream
     * @param patience with a client that leaves its events unread
     * @param unread events of all calls
     */
    ImageGenerationService(
            JobQueue queue,
            ModelCatalog models,
            GenerationRequest requests,
            Duration heartbeat,
            Duration patience,
            UnreadEvents unread) {
        this.queue = queue;
        this.models = models;
        this.requests = requests;
        this.heartbeat = heartbeat;
        this.patience = patience;
        this.unread = unread;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<JobEvent> observer) {
        GenerationRequest.Asked asked = requests.read(request, Lifetime.ATTACHED);
        Job job = queue.submit(asked.spec(), Callers.CURRENT.get());
        LargeMessages.done();
        stream(job, 0, asked.warnings(), pace(observer, () -> queue.abandon(job)), () -> {
            // Whatever ended the call, nobody waits for the job now
            queue.abandon(job);
            queue.handedOver(job);
            job.status().error().ifPresent(error -> {
                throw error.toException();
            });
        });
    }

    @Override
    public void submitJob(SubmitJobRequest request, StreamObserver<dev.mobilediffusion.server.grpc.v1.Job> client) {
        GenerationRequest.Asked asked = requests.read(request.getRequest(), Lifetime.DURABLE);
        JobSpec spec = asked.spec();
        if (!request.getIdempotencyKey().isEmpty()) {
            spec = spec.withIdempotency(idempotency(request));
        }
        Job job = queue.submit(spec, Callers.CURRENT.get());
        LargeMessages.done();
        reply(client, job, asked.warnings());
    }

    @Override
    public void getJob(GetJobRequest request, StreamObserver<dev.mobilediffusion.server.grpc.v1.Job> client) {
        reply(client, find(request.getId()), List.of());
    }

    @Override
    public void watchJob(WatchJobRequest request, StreamObserver<JobEvent> observer) {
        if (request.getAfterEventId() < 0) {
            throw ApiException.invalid(
                    "after_event_id",
                    "after_event_id must be in [0, %d], got %d",
                    Long.MAX_VALUE,
                    request.getAfterEventId());
        }
        Job job = find(request.getId());
        stream(job, request.getAfterEventId(), List.of(), pace(observer, () -> {}), () -> {});
    }

    @Override
    public void cancelJob(CancelJobRequest request, StreamObserver<dev.mobilediffusion.server.grpc.v1.Job> client) {
        Job job = find(request.getId());
        queue.cancel(job);
        reply(client, job, List.of());
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> client) {
        String usual = models.defaultModel().name();
        ListModelsResponse.Builder response = ListModelsResponse.newBuilder();
        models.all()
                .forEach(entry ->
                        response.addModels(Messages.model(entry, entry.name().equals(usual))));
        client.onNext(response.build());
        client.onCompleted();
    }

    /**
     * @param warnings of the request, for the last event
     * @param atEnd to be run when all events are sent, or none can be; what it throws becomes the call's status
     */
    private void stream(Job job, long seen, List<String> warnings, ClientPace client, Runnable atEnd) {
        client.serve(() -> {
            try {
                new EventStream(queue, job, warnings, client, heartbeat).sendAfter(seen);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw ApiException.of(ErrorCode.NOT_READY, "the server is stopping", e);
            } finally {
                atEnd.run();
            }
        });
    }

    private ClientPace pace(StreamObserver<JobEvent> observer, Runnable onGone) {
        return new ClientPace(observer, patience, unread.share(Callers.CURRENT.get()), onGone);
    }

    private void reply(StreamObserver<dev.mobilediffusion.server.grpc.v1.Job> client, Job job, List<String> warnings) {
        client.onNext(Messages.job(job, queue.estimate(job), warnings));
        client.onCompleted();
    }

    private Job find(String id) {
        return queue.find(id)
                .orElseThrow(
                        () -> ApiException.of(ErrorCode.NOT_FOUND, "id", "there is no such job; it may have expired"));
    }

    /** The same key sent with another request, or to another API, is another request. */
    private static Idempotency idempotency(SubmitJobRequest request) {
        String key = request.getIdempotencyKey();
        if (key.isBlank() || key.length() > Idempotency.MAX_KEY_LENGTH) {
            throw ApiException.invalid(
                    "idempotency_key",
                    "idempotency_key must have 1 to %d characters, not all blank, got %d",
                    Idempotency.MAX_KEY_LENGTH,
                    key.length());
        }
        return new Idempotency(key, Sha256.of(request.getRequest().toByteArray()));
    }
}
