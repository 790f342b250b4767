package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.fleet.BoardFacts;
import dev.mobilediffusion.server.fleet.FleetJobQueue;
import dev.mobilediffusion.server.grpc.GrpcApi;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.machine.DeviceGuard;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.models.IdleModels;
import dev.mobilediffusion.server.models.ModelRegistry;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.LocalJobQueue;
import dev.mobilediffusion.server.queue.QueueLimits;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.ServerCertificate;
import dev.mobilediffusion.server.worker.ImageEncoder;
import dev.mobilediffusion.server.worker.InferenceWorker;
import io.helidon.webserver.http.HttpRouting;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A running server: listener, queue, worker and model. {@link #close} ends it as a person would want: no new work, the
 * running image finishes, what waits stays on disk.
 */
public final class ImageServer implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ImageServer.class.getName());

    private final ServerConfig config;
    private final Access access;
    private final Optional<ServerCertificate> certificate;
    private final ModelRegistry models;
    private final Device device;
    private final ComputeTurns turns;
    private final ServerMetrics metrics;
    private final JobQueue queue;
    private final AtomicBoolean ready = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final GrpcApi grpc;
    private final Listeners listeners;
    private InferenceWorker worker;
    private Optional<IssuedKey> firstKey = Optional.empty();
    private Optional<IdleModels> idleModels = Optional.empty();
    private Duration loadTime = Duration.ZERO;

    private ImageServer(ServerConfig config, ModelRegistry models, Set<ImageFormat> formats, Device device) {
        this.config = config;
        this.access = Access.of(config);
        this.certificate = Encryption.certificate(config);
        this.models = models;
        this.device = device;
        this.turns = new ComputeTurns(
                DeviceGuard.start(device.machine(), config.device().limits()));
        this.metrics = ServerMetrics.create(device.machine());
        metrics.watchDevice(turns.guard()::condition);
        metrics.describeExecution(device.execution().get());
        JobReporter reporter = new JobReporter(metrics, config.logPrompts());
        LocalJobQueue own = LocalJobQueue.open(
                config.data(),
                config.retention(),
                QueueLimits.ofJobs(config.queueCapacity()),
                reporter,
                Clock.systemUTC());
        Optional<FleetJobQueue> fleet = config.fleet()
                .map(options -> FleetJobQueue.join(
                        own, options, reporter, BoardFacts.of(Main.version(), models, device.machine())));
        fleet.ifPresent(joined -> access.gate().countWith(joined.requestCount()));
        this.queue = fleet.<JobQueue>map(joined -> joined).orElse(own);
        // What models need is known once the first is loaded
        queue.admitBy((spec, client) -> Admission.countRequest(access.gate(), client));
        metrics.watchQueue(queue::depth, queue::capacity);
        fleet.ifPresent(joined -> metrics.watchBoards(joined::boards));
        this.grpc = new GrpcApi(
                queue,
                models,
                formats,
                config.http().eventHeartbeat(),
                config.http().idleTimeout(),
                (outcome, took) -> metrics.requestDone("grpc", outcome, took),
                access.gate(),
                config.access().openReady());
        this.listeners = new Listeners(config, certificate, install(HttpRouting.builder(), formats), grpc);
    }

    /**
     * Starts to listen, then loads and warms the model; returns when the server is ready.
     *
     * @throws IllegalStateException when the address cannot be listened at
     */
    static ImageServer start(
            ServerConfig config, ModelRegistry models, ImageEncoder encoder, Set<ImageFormat> formats, Device device) {
        ImageServer server = new ImageServer(config, models, formats, device);
        boolean started = false;
        try {
            server.listeners.start();
            server.loadTime = models.loadDefault();
            server.queue.work().observe(WarmUp.run(models.pipeline(server.model()), encoder));
            server.queue.admitBy(new Admission(server.access.gate(), server.turns.guard(), models));
            server.idleModels =
                    Optional.of(IdleModels.watch(models, config.memory().unloadAfter()));
            server.worker = InferenceWorker.start(server.queue, models, encoder, server.turns);
            server.firstKey = server.access.makeFirstKey();
            server.ready.set(true);
            server.grpc.serving(true);
            started = true;
            return server;
        } finally {
            if (!started) {
                server.close();
            }
        }
    }

    private Optional<String> obstacle() {
        return ready.get() ? queue.obstacle() : Optional.of("the model is loading or the server is stopping");
    }

    public int port() {
        return listeners.port();
    }

    /** Where gRPC is served; 0 before the server listens. */
    public int grpcPort() {
        return listeners.grpcPort();
    }

    /** Where a browser on this machine finds the server. */
    public String url() {
        String host = config.host().equals(ServerConfig.EVERY_ADDRESS) ? ServerConfig.LOOPBACK : config.host();
        return url(host);
    }

    /** Where a browser on another machine finds it; empty when none can, or this machine has no network. */
    Optional<String> lanUrl() {
        if (!isOpenToOthers()) {
            return Optional.empty();
        }
        return config.host().equals(ServerConfig.EVERY_ADDRESS)
                ? LocalNetwork.primaryAddress().map(InetAddress::getHostAddress).map(this::url)
                : Optional.of(url(config.host()));
    }

    private String url(String host) {
        String scheme = certificate.isPresent() ? "https://" : "http://";
        return scheme + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    }

    /** What it encrypts with; empty when it does not. */
    Optional<ServerCertificate> certificate() {
        return certificate;
    }

    ServerConfig config() {
        return config;
    }

    /** Whether other machines can reach it. */
    boolean isOpenToOthers() {
        return !Access.isLoopback(config.host());
    }

    /** The key that was made at this start because there was none. */
    Optional<IssuedKey> firstKey() {
        return firstKey;
    }

    /** Who may use it. */
    Access access() {
        return access;
    }

    public String model() {
        return models.defaultModel().name();
    }

    public Duration loadTime() {
        return loadTime;
    }

    ServerMetrics metrics() {
        return metrics;
    }

    /** The queue, for the APIs and for tests. */
    JobQueue queue() {
        return queue;
    }

    /** Ends within the grace period, as the class says. Safe to call twice. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        ready.set(false);
        grpc.serving(false);
        idleModels.ifPresent(IdleModels::close);
        queue.drain();
        turns.guard().close();
        boolean ended = awaitWorker();
        listeners.stop();
        queue.close();
        metrics.close();
        if (ended) {
            models.close(); // never while an image is being drawn
        }
    }

    private boolean awaitWorker() {
        if (worker == null) {
            return true;
        }
        try {
            boolean ended = worker.awaitEnd(config.gracePeriod());
            if (!ended) {
                LOG.log(System.Logger.Level.WARNING, "the running picture did not finish within the grace period");
            }
            return ended;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Registers every route that there is. */
    HttpRouting.Builder install(HttpRouting.Builder routing, Set<ImageFormat> formats) {
        return new HttpRoutes(
                        config,
                        access,
                        certificate,
                        queue,
                        models,
                        metrics,
                        device,
                        turns,
                        this::obstacle,
                        this::grpcPort)
                .install(routing, formats);
    }
}
