package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.security.Gate;
import dev.mobilediffusion.server.security.ServerCertificate;
import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The server's gRPC API: {@code mobilediffusion.v1.ImageGeneration}, {@code grpc.health.v1.Health} and reflection.
 * Not serving until {@link #serving} says so.
 */
public final class GrpcApi {

    /** Of a request: an image, its mask and prompts. gRPC's own default, so that no other party refuses it. */
    public static final int MAX_REQUEST_BYTES = 4 << 20;

    /** Of events that clients leave unread, all together and each: some 120 and 30 images of 512x512. */
    static final long MAX_UNREAD_BYTES = 32 << 20;

    static final long MAX_UNREAD_BYTES_OF_CLIENT = 8 << 20;

    private final HealthStatusManager health = new HealthStatusManager();
    private final UnreadEvents unread = new UnreadEvents(MAX_UNREAD_BYTES, MAX_UNREAD_BYTES_OF_CLIENT);
    private final BindableService service;
    private final CallGuard guard;

    /**
     * @param queue that admits jobs
     * @param models that requests may name
     * @param formats that can be written here
     * @param heartbeat the longest silence in an event stream, positive
     * @param patience with a client that leaves its events unread, positive
     * @param observer of the calls to {@code ImageGeneration}
     * @param gate that knows the keys
     * @param openHealth whether the health service needs no key
     */
    public GrpcApi(
            JobQueue queue,
            ModelCatalog models,
            Set<ImageFormat> formats,
            Duration heartbeat,
            Duration patience,
            CallObserver observer,
            Gate gate,
            boolean openHealth) {
        this.service = new ImageGenerationService(
                queue, models, new GenerationRequest(models, Set.copyOf(formats)), heartbeat, patience, unread);
        this.guard = new CallGuard(new Callers(gate, openHealth), observer);
        serving(false);
    }

    GrpcApi(BindableService service, CallObserver observer, Callers callers) {
        this.service = service;
        this.guard = new CallGuard(callers, observer);
        serving(false);
    }

    /**
     * Listens for all of it.
     *
     * @param address with port 0 for any that is free
     * @param certificate to encrypt with; empty for plain text
     * @throws IOException when the address cannot be listened at, or the certificate cannot be used
     */
    @SuppressWarnings("deprecation") // reflection v1alpha, which is all that older tools and grpcio's client know
    public GrpcListener listen(InetSocketAddress address, GrpcLimits limits, Optional<ServerCertificate> certificate)
            throws IOException {
        return GrpcListener.start(
                address,
                limits,
                certificate,
                Stream.of(
                                service,
                                health.getHealthService(),
                                ProtoReflectionServiceV1.newInstance(),
                                ProtoReflectionService.newInstance())
                        .map(this::guarded)
                        .toList());
    }

    /** What health says from now on: whether the model is loaded and warm and the server is not stopping. */
    public void serving(boolean ready) {
        ServingStatus status = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        health.setStatus(ImageGenerationGrpc.SERVICE_NAME, status);
    }

    /** Of events that were sent and may not have been read yet. */
    long unreadBytes() {
        return unread.bytes();
    }

    /** Messages are read behind the guard, so that it hears of those that cannot be. */
    private ServerServiceDefinition guarded(BindableService each) {
        return ServerInterceptors.intercept(ServerInterceptors.useInputStreamMessages(each.bindService()), guard);
    }
}
