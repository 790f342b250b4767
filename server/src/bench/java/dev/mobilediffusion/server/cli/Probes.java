package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Asks {@code /health/live} and {@code /metrics} every 50 ms from a thread of its own until it is closed. */
final class Probes implements AutoCloseable {

    private static final long INTERVAL_MILLIS = 50;
    private static final int OK = 200;

    private final List<Duration> health = Collections.synchronizedList(new ArrayList<>());
    private final List<Duration> metrics = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch end = new CountDownLatch(1);
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI server;
    private final Thread thread;
    private volatile String failure = "";

    private Probes(URI server) {
        this.server = server;
        this.thread = Thread.ofPlatform().name("probes").unstarted(this::probe);
    }

    /** Both have been asked once, so that their connection stands, before this returns. */
    static Probes start(URI server) {
        Probes probes = new Probes(server);
        try {
            probes.ask("/health/live");
            probes.ask("/metrics");
        } catch (IOException refused) {
            throw new CommandFailure("the server does not answer: " + refused.getMessage(), refused);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted while waiting for the server", interrupted);
        }
        probes.thread.start();
        return probes;
    }

    /**
     * Answers of {@code /health/live}, at least one once this is closed.
     *
     * @throws CommandFailure when a probe was not answered with 200
     */
    List<Duration> health() {
        return answers(health);
    }

    /** As {@link #health}, of {@code /metrics}. */
    List<Duration> metrics() {
        return answers(metrics);
    }

    @Override
    public void close() {
        end.countDown();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        http.close();
    }

    private List<Duration> answers(List<Duration> answers) {
        if (!failure.isEmpty()) {
            throw new CommandFailure("a probe was not answered: " + failure);
        }
        return List.copyOf(answers);
    }

    private void probe() {
        try {
            do {
                health.add(ask("/health/live"));
                metrics.add(ask("/metrics"));
            } while (!end.await(INTERVAL_MILLIS, TimeUnit.MILLISECONDS));
        } catch (IOException refused) {
            failure = String.valueOf(refused.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration ask(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.resolve(path)).build();
        long start = System.nanoTime();
        int status = http.send(request, BodyHandlers.ofByteArray()).statusCode();
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        if (status != OK) {
            throw new IOException("%s answered with status %s".formatted(path, status));
        }
        return took;
    }
}
