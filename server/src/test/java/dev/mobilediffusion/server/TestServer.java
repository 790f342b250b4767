package dev.mobilediffusion.server;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.RuntimeOptions;
import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.runtime.upscale.TwoPassPipeline;
import dev.mobilediffusion.runtime.upscale.Upscalers;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.metrics.ServerMetrics;
import dev.mobilediffusion.server.models.ModelRegistry;
import dev.mobilediffusion.server.queue.JobQueue;
import dev.mobilediffusion.server.security.PublicAddress;
import dev.mobilediffusion.server.store.Retention;
import dev.mobilediffusion.server.worker.ImageEncoder;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A real server on a free port with a fake model. Registered as an extension it is started by JUnit; tests that want
 * several call {@code start}. Images are encoded as their plain bytes, unless a test says how.
 */
public final class TestServer extends Fixture {

    private static final ImageEncoder PLAIN = (image, model, format, quality, metadata) -> image.rgb();

    public final FakePipeline pipeline;
    private final Map<String, String> settings;
    private final boolean files;
    private ImageServer server;
    private Optional<TestFleet> fleet = Optional.empty();

    private TestServer(FakePipeline pipeline, Map<String, String> settings, boolean files) {
        this.pipeline = pipeline;
        this.settings = settings;
        this.files = files;
    }

    /** To be registered: draws at once. */
    public static TestServer quick() {
        return new TestServer(FakePipeline.quick(), Map.of(), false);
    }

    /** To be registered: draws as the test allows. */
    public static TestServer gated() {
        return new TestServer(FakePipeline.gated(), Map.of(), false);
    }

    /** To be registered, with {@code settings} over those of {@link #config}. */
    public TestServer with(Map<String, String> settings) {
        return new TestServer(pipeline, settings, files);
    }

    /** To be registered, with images in real files, as the released server writes them. */
    public TestServer withFiles() {
        return new TestServer(pipeline, settings, true);
    }

    public static TestServer start(Path folder, FakePipeline pipeline) {
        return start(config(folder), pipeline);
    }

    /** One that draws at once, with {@code settings} over those of {@link #config}. */
    public static TestServer start(Path folder, Map<String, String> settings) {
        return start(config(folder, settings), FakePipeline.quick());
    }

    /** The same with images in real files, as the released server writes them. */
    public static TestServer startWithFiles(ServerConfig config, FakePipeline pipeline) {
        return start(config, pipeline, new FileEncoder(config.pictureMetadata()));
    }

    public static TestServer start(ServerConfig config, FakePipeline pipeline) {
        return start(config, pipeline, PLAIN);
    }

    /** @param encoder for those who look at the images */
    public static TestServer start(ServerConfig config, FakePipeline pipeline, ImageEncoder encoder) {
        return start(config, pipeline, encoder, DEVICE);
    }

    /** @param device it runs on */
    public static TestServer start(ServerConfig config, FakePipeline pipeline, ImageEncoder encoder, Device device) {
        TestServer started = new TestServer(pipeline, Map.of(), false);
        started.run(config, encoder, device);
        return started;
    }

    @Override
    protected void start(Path folder) {
        ServerConfig config = config(folder, settings);
        run(config, files ? new FileEncoder(config.pictureMetadata()) : PLAIN, DEVICE);
    }

    private void run(ServerConfig config, ImageEncoder encoder, Device device) {
        fakeBundle(config.models());
        pipeline.allow(1); // to warm up
        Upscalers upscalers = Upscalers.in(config.models(), RuntimeOptions.defaults());
        ModelRegistry models = ModelRegistry.open(
                config.models(),
                Optional.empty(),
                bundle -> new TwoPassPipeline(pipeline, upscalers, true),
                bundle -> 0,
                Long.MAX_VALUE);
        fleet = config.fleet().isEmpty() ? TestFleet.wanted(config.data().getParent()) : Optional.empty();
        ServerConfig queued =
                fleet.map(found -> config.withFleet(found.options())).orElse(config);
        server = ImageServer.start(queued, models, encoder, EnumSet.of(ImageFormat.PNG, ImageFormat.JPEG), device);
        fleet.ifPresent(found -> TestFleet.awaitReady(server.queue()));
        pipeline.forget();
    }

    private static final ExecutionPlan PLAN =
            new ExecutionPlan("cpu", "a test's", List.of("cpu"), 2, "1.28.0", Map.of("unet", "cpu"));

    /** A machine without sensors whose processor computes. */
    public static final Device DEVICE =
            new Device(Machine.at(Path.of("/nowhere")), () -> PLAN, RuntimeOptions.defaults());

    /** Room for four waiting jobs, quick heartbeats. */
    public static ServerConfig config(Path folder) {
        return new ServerConfig(
                ServerConfig.LOOPBACK,
                0,
                OptionalInt.empty(),
                folder.resolve("data"),
                folder.resolve("models"),
                Optional.empty(),
                4,
                new Retention(Duration.ofDays(1), 1 << 20, 0),
                Duration.ofSeconds(20),
                new HttpLimits(
                        1 << 16, 128, 16 << 10, Duration.ofMinutes(1), Duration.ofMillis(50), Duration.ofMinutes(1)),
                // Raw requests of the tests say "Host: x"
                new AccessConfig(false, false, false, false, false, false, Set.of("x"), Set.of(), PublicAddress.NONE),
                TlsConfig.OFF,
                ModelMemory.DEFAULT,
                DeviceConfig.DEFAULT,
                false,
                true,
                true,
                Optional.empty());
    }

    public static ServerConfig config(Path folder, Map<String, String> settings) {
        return ConfigKeys.apply(config(folder), settings);
    }

    public int port() {
        return server.port();
    }

    public int grpcPort() {
        return server.grpcPort();
    }

    public String url() {
        return server.url();
    }

    public JobQueue queue() {
        return server.queue();
    }

    /** What Prometheus would read now. */
    public String metrics() {
        return new String(server.metrics().scrape(ServerMetrics.PROMETHEUS_TEXT), StandardCharsets.UTF_8);
    }

    public ImageServer server() {
        return server;
    }

    /** Posts {@code body} as JSON. */
    public Response post(String path, String body) {
        return RestAssured.given()
                .contentType("application/json; charset=utf-8")
                .body(body.getBytes(StandardCharsets.UTF_8))
                .post(url() + path);
    }

    public Response get(String path) {
        return RestAssured.get(url() + path);
    }

    @Override
    public void close() {
        pipeline.allow(1000);
        server.close();
        fleet.ifPresent(TestFleet::close);
    }

    static void fakeBundle(Path models) {
        try {
            Path bundle = Files.createDirectories(models.resolve(FakePipeline.MODEL.name()));
            Files.writeString(bundle.resolve("model_index.json"), "{}");
            Files.writeString(
                    Files.createDirectories(bundle.resolve("vae_encoder")).resolve("model.onnx"), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
