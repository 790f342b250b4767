package dev.mobilediffusion.server.grpc;

import dev.mobilediffusion.runtime.ModelInfo;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.Fixture;
import dev.mobilediffusion.server.TestFleet;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.machine.ComputeTurns;
import dev.mobilediffusion.server.machine.DeviceGuard;
import dev.mobilediffusion.server.machine.DeviceLimits;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.models.ModelCatalog;
import dev.mobilediffusion.server.queue.JobObserver;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.queue.LocalJobQueue;
import dev.mobilediffusion.server.queue.QueueLimits;
import dev.mobilediffusion.server.security.Gate;
import dev.mobilediffusion.server.store.Retention;
import dev.mobilediffusion.server.worker.InferenceWorker;
import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.function.Executable;

/**
 * A real server on a free port with the gRPC API alone, a queue for four waiting jobs and a fake model; and a channel.
 * Registered as an extension it is started by JUnit; tests that want several call {@code start}.
 */
final class GrpcFixture extends Fixture {

    static final int MAX_CONNECTIONS = 64;
    private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(1);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final FakePipeline pipeline;
    JobQueue queue;
    private Optional<TestFleet> fleet = Optional.empty();
    GrpcApi api;
    final List<String> outcomes = new CopyOnWriteArrayList<>();
    ManagedChannel channel;
    private final Optional<BindableService> service;
    private final Duration idleTimeout;
    private Duration requestTimeout = Duration.ofMinutes(1);
    private InferenceWorker worker;
    private GrpcListener server;

    private GrpcFixture(FakePipeline pipeline, Optional<BindableService> service, Duration idleTimeout) {
        this.pipeline = pipeline;
        this.service = service;
        this.idleTimeout = idleTimeout;
    }

    /** To be registered: draws at once. */
    static GrpcFixture quick() {
        return new GrpcFixture(FakePipeline.quick(), Optional.empty(), IDLE_TIMEOUT);
    }

    /** To be registered: draws as the test allows. */
    static GrpcFixture gated() {
        return new GrpcFixture(FakePipeline.gated(), Optional.empty(), IDLE_TIMEOUT);
    }

    /** With another time for a call's request to come. */
    GrpcFixture withRequestTimeout(Duration timeout) {
        requestTimeout = timeout;
        return this;
    }

    @Override
    protected void start(Path folder) {
        LocalJobQueue own = LocalJobQueue.open(
                folder.resolve("data"),
                new Retention(Duration.ofDays(1), 1 << 20, 0),
                QueueLimits.ofJobs(4),
                JobObserver.NONE,
                Clock.systemUTC());
        fleet = TestFleet.wanted(folder);
        queue = fleet.<JobQueue>map(found -> found.join(own)).orElse(own);
        worker = InferenceWorker.start(
                queue,
                model -> pipeline,
                (image, model, format, quality, metadata) -> image.rgb(),
                new ComputeTurns(DeviceGuard.start(Machine.at(Path.of("/nowhere")), DeviceLimits.DEFAULT)));
        CallObserver observer = (outcome, took) -> outcomes.add(outcome);
        api = service.map(each -> new GrpcApi(each, observer, new Callers(Gate.open(), false)))
                .orElseGet(() -> new GrpcApi(
                        queue,
                        new OneModel(),
                        EnumSet.of(ImageFormat.PNG, ImageFormat.JPEG),
                        Duration.ofMillis(50),
                        idleTimeout.compareTo(PATIENCE) < 0 ? idleTimeout : PATIENCE,
                        observer,
                        Gate.open(),
                        false));
        try {
            server = api.listen(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    new GrpcLimits(MAX_CONNECTIONS, 16 << 10, idleTimeout, requestTimeout),
                    Optional.empty());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        channel = channel(server.port());
    }

    static GrpcFixture start(Path folder, FakePipeline pipeline) {
        return start(folder, pipeline, IDLE_TIMEOUT);
    }

    static GrpcFixture start(Path folder, FakePipeline pipeline, Duration idleTimeout) {
        return started(folder, new GrpcFixture(pipeline, Optional.empty(), idleTimeout));
    }

    /** With another service in the place of ours, behind the same guard. */
    static GrpcFixture start(Path folder, BindableService service) {
        return started(folder, new GrpcFixture(FakePipeline.quick(), Optional.of(service), IDLE_TIMEOUT));
    }

    private static GrpcFixture started(Path folder, GrpcFixture fixture) {
        fixture.start(folder);
        return fixture;
    }

    static ManagedChannel channel(int port) {
        return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    /** Of another client: one that comes from {@code address} of the loopback network. */
    static ManagedChannel channelFrom(String address, int port) {
        return NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .localSocketPicker(new NettyChannelBuilder.LocalSocketPicker() {
                    @Override
                    public SocketAddress createSocketAddress(SocketAddress remote, Attributes attributes) {
                        return new InetSocketAddress(address, 0);
                    }
                })
                .build();
    }

    static GenerateRequest prompt(String prompt, long seed) {
        return GenerateRequest.newBuilder().setPrompt(prompt).setSeed(seed).build();
    }

    /** The failure that a call ends with. */
    static StatusRuntimeException failure(Executable call) {
        return org.junit.jupiter.api.Assertions.assertThrows(StatusRuntimeException.class, call);
    }

    static Status.Code code(Executable call) {
        return failure(call).getStatus().getCode();
    }

    static Optional<String> trailer(StatusRuntimeException failure, String name) {
        Metadata trailers = failure.getTrailers();
        return Optional.ofNullable(trailers)
                .map(found -> found.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        Instant end = Instant.now().plusSeconds(20);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(end)) {
                throw new AssertionError("did not come to pass within 20 s");
            }
            Thread.sleep(5);
        }
    }

    int port() {
        return server.port();
    }

    /** A deadline ends what would otherwise hang the build. */
    ImageGenerationGrpc.ImageGenerationBlockingStub stub() {
        return ImageGenerationGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(20));
    }

    ImageGenerationGrpc.ImageGenerationStub asyncStub() {
        return ImageGenerationGrpc.newStub(channel).withDeadlineAfter(Duration.ofSeconds(20));
    }

    Generation generate(String prompt, long seed) {
        return Generation.start(asyncStub(), prompt(prompt, seed));
    }

    /** {@code count} calls that are admitted one after the other; the first is being drawn when this returns. */
    List<Generation> generateInOrder(int count) throws InterruptedException {
        List<Generation> calls = new ArrayList<>();
        for (int seed = 1; seed <= count; seed++) {
            calls.add(generate("picture", seed));
            if (seed == 1) {
                pipeline.awaitStart();
            } else {
                int waiting = seed - 1;
                await(() -> queue.depth() == waiting);
            }
        }
        return calls;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        queue.drain();
        pipeline.allow(1000);
        worker.close();
        server.close();
        queue.close();
        fleet.ifPresent(TestFleet::close);
    }

    private static final class OneModel implements ModelCatalog {

        @Override
        public ModelInfo defaultModel() {
            return FakePipeline.MODEL;
        }

        @Override
        public List<Entry> all() {
            return List.of(
                    new Entry(FakePipeline.MODEL.name(), Instant.EPOCH, Optional.of(FakePipeline.MODEL)),
                    new Entry("other", Instant.EPOCH.plusSeconds(1), Optional.empty()));
        }
    }
}
