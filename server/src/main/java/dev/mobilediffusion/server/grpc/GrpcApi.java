package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.security.Gate;
import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.grpc.GrpcReflectionFeature;
import io.helidon.webserver.grpc.GrpcRouting;
import io.helidon.webserver.grpc.GrpcServiceDescriptor;
import java.time.Duration;
import java.util.Set;

/**
 * The gRPC face of a server: {@code mobilediffusion.v1.ImageGeneration}, {@code grpc.health.v1.Health} and reflection.
 * Not serving until {@link #serving} says so.
 */
public final class GrpcApi {

    /** Of a request: two prompts of the longest kind, in letters of four bytes. */
    public static final int MAX_REQUEST_BYTES = 256 << 10;

    private final HealthStatusManager health = new HealthStatusManager();
    private final Connections connections = new Connections();
    private final BindableService service;
    private final CallGuard guard;

    /**
     * @param queue that admits jobs
     * @param models that requests may name
     * @param formats that can be written here
     * @param heartbeat the longest silence in an event stream, positive
     * @param observer of the calls to {@code ImageGeneration}
     * @param gate that knows the keys
     * @param openHealth whether the health service needs no key
     */
    public GrpcApi(
            JobQueue queue,
            ModelCatalog models,
            Set<ImageFormat> formats,
            Duration heartbeat,
            CallObserver observer,
            Gate gate,
            boolean openHealth) {
        this(
                new ImageGenerationService(
                        queue, models, new GenerationRequest(models, Set.copyOf(formats)), heartbeat),
                observer,
                new Callers(gate, openHealth));
    }

    GrpcApi(BindableService service, CallObserver observer, Callers callers) {
        this.service = service;
        this.guard = new CallGuard(callers, connections, observer, MAX_REQUEST_BYTES);
        serving(false);
    }

    /** Adds all of it to a listener, before Helidon's own HTTP/2. */
    public void install(WebServerConfig.Builder listener) {
        listener.addConnectionSelector(new GuardedHttp2Selector(connections, MAX_REQUEST_BYTES))
                .addRouting(GrpcRouting.builder()
                        .intercept(guard)
                        // As descriptors, because reflection knows the messages of these alone
                        .service(GrpcServiceDescriptor.builder(service).build())
                        .service(GrpcServiceDescriptor.builder(health.getHealthService())
                                .build()))
                .addFeature(GrpcReflectionFeature.builder().enabled(true).build());
    }

    /** What health says from now on: whether the model is loaded and warm and the server is not stopping. */
    public void serving(boolean ready) {
        ServingStatus status = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        health.setStatus(ImageGenerationGrpc.SERVICE_NAME, status);
    }
}
