package dev.mobilediffusion.server.metrics;

import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.Stage;
import dev.mobilediffusion.server.machine.DeviceCondition;
import dev.mobilediffusion.server.machine.Machine;
import dev.mobilediffusion.server.queue.BoardStatus;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** The server's meters. Thread-safe. */
public final class ServerMetrics implements AutoCloseable {

    /** What a scraper gets that asks for nothing else. */
    public static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    public static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /** From a tokenizer's stage on a desktop to an image of many steps on a small board. */
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(2),
        Duration.ofMinutes(5),
        Duration.ofMinutes(10)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ProcessMeters processMeters;

    /**
     * A platform thread: on a virtual one Java's {@link java.io.BufferedWriter} begins small and is copied with every few
     * characters, which made 8 MB of garbage of 25 KB of text.
     */
    private final ExecutorService scraper = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("metrics-scraper").daemon().factory());

    /** The scraper's own: a scrape as a string, grown from nothing, would be several copies of the text. */
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();

    /** Every image is timed eight times, and looking a timer up by building it anew takes longer than recording. */
    private final Map<Labels, Timer> requests = new ConcurrentHashMap<>();

    private final Map<Labels, Timer> stages = new ConcurrentHashMap<>();

    /** Micrometer's function counters hold what they count but weakly, and stand still once it is collected. */
    private final List<DoubleSupplier> counted = new CopyOnWriteArrayList<>();

    private volatile Optional<BoardMeters> boards = Optional.empty();

    private record Labels(String first, String second) {}

    private ServerMetrics(ProcessMeters processMeters) {
        this.processMeters = processMeters;
    }

    /** With the meters of this JVM, this process and this board. */
    public static ServerMetrics create() {
        return create(Machine.here());
    }

    /** With the meters of this JVM and process, and of {@code machine}. */
    public static ServerMetrics create(Machine machine) {
        ServerMetrics metrics = new ServerMetrics(new ProcessMeters());
        metrics.processMeters.bindTo(metrics.registry, machine.memory());
        DeviceMeters.bindTo(metrics.registry, machine);
        for (String state : List.of("succeeded", "failed", "cancelled")) {
            metrics.jobs(state);
        }
        metrics.rejections("rate_limit_exceeded");
        return metrics;
    }

    /** Shows the queue's depth and capacity from now on. */
    public void watchQueue(IntSupplier depth, IntSupplier capacity) {
        Gauge.builder("mobilediffusion.queue.depth", depth::getAsInt)
                .description("Jobs that wait for a worker")
                .strongReference(true)
                .register(registry);
        Gauge.builder("mobilediffusion.queue.capacity", capacity::getAsInt)
                .description("Jobs that may wait for a worker")
                .strongReference(true)
                .register(registry);
    }

    /** Shows the boards of the fleet from now on, as they are at each scrape. */
    public void watchBoards(Supplier<List<BoardStatus>> all) {
        boards = Optional.of(new BoardMeters(registry, all));
    }

    /** Shows what heat and battery allow from now on. */
    public void watchDevice(Supplier<DeviceCondition> condition) {
        DeviceMeters.watch(registry, condition);
    }

    /** Shows what computes the networks. */
    public void describeExecution(ExecutionPlan plan) {
        DeviceMeters.describe(registry, plan);
    }

    /** Shows the cache of prompt embeddings from now on; both numbers only grow. */
    public void watchEmbeddingCache(DoubleSupplier hits, DoubleSupplier misses) {
        counted.addAll(List.of(hits, misses));
        FunctionCounter.builder("mobilediffusion.embedding.cache.hits", hits, DoubleSupplier::getAsDouble)
                .description("Prompts whose embedding was at hand")
                .register(registry);
        FunctionCounter.builder("mobilediffusion.embedding.cache.misses", misses, DoubleSupplier::getAsDouble)
                .description("Prompts that the text encoder had to read")
                .register(registry);
    }

    /**
     * A call was answered.
     *
     * @param api which one: {@code openai}, {@code jobs}, {@code a1111}, {@code grpc}, …
     * @param outcome {@code success} or an error's label
     */
    public void requestDone(String api, String outcome, Duration duration) {
        requests.computeIfAbsent(new Labels(api, outcome), this::request).record(duration);
    }

    public void stageDone(String model, Stage stage, Duration duration) {
        stages.computeIfAbsent(new Labels(stage.label(), model), this::stage).record(duration);
    }

    /** @param state a final state's label */
    public void jobFinished(String state) {
        jobs(state).increment();
    }

    public void imageDone(String model) {
        Counter.builder("mobilediffusion.images")
                .description("Finished pictures")
                .tag("model", model)
                .register(registry)
                .increment();
    }

    /** @param reason an error's label */
    public void jobRejected(String reason) {
        rejections(reason).increment();
    }

    /** All meters as text of {@code contentType}, one of {@link #PROMETHEUS_TEXT} and {@link #OPEN_METRICS}. */
    public byte[] scrape(String contentType) {
        return CompletableFuture.supplyAsync(() -> write(contentType), scraper).join();
    }

    @Override
    public void close() {
        scraper.close();
        processMeters.close();
        registry.close();
    }

    private byte[] write(String contentType) {
        boards.ifPresent(BoardMeters::refresh);
        text.reset();
        try {
            registry.scrape(text, contentType);
        } catch (IOException impossible) {
            throw new UncheckedIOException("memory refused the metrics", impossible);
        }
        return text.toByteArray();
    }

    private Timer request(Labels labels) {
        return Timer.builder("mobilediffusion.request.duration")
                .description("From a call's arrival to its last byte")
                .tag("api", labels.first())
                .tag("outcome", labels.second())
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private Timer stage(Labels labels) {
        return Timer.builder("mobilediffusion.stage.duration")
                .description("Time in one stage of one picture; of one job for the queue")
                .tag("stage", labels.first())
                .tag("model", labels.second())
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private Counter jobs(String state) {
        return Counter.builder("mobilediffusion.jobs")
                .description("Jobs that came to their end")
                .tag("state", state)
                .register(registry);
    }

    private Counter rejections(String reason) {
        return Counter.builder("mobilediffusion.rejections")
                .description("Jobs that were refused at admission")
                .tag("reason", reason)
                .register(registry);
    }
}
