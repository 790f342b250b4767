package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.server.NoisyServer;
import dev.mobilediffusion.server.grpc.v1.GenerateRequest;
import dev.mobilediffusion.server.grpc.v1.ImageGenerationGrpc;
import dev.mobilediffusion.server.grpc.v1.JobEvent;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher's heap must hold: the largest images that there are, as many as a request may ask for, for several clients. */
final class LargestRequestsTest {

    /** Of a file of 2048x2048 noise, in any format and quality that is asked for here. */
    private static final long PNG_BYTES = 3L * 2048 * 2048;

    private static final long JPEG_BYTES = 2048 * 2048;
    private static final int MAX_BODY_BYTES = 1 << 20;
    private static final int MAX_MESSAGE_BYTES = 32 << 20;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    private Path folder;

    private URI server;
    private int grpcPort;

    @Test
    void theLargestRequestsOfSeveralClientsAreAnsweredInTheLaunchersHeap() throws Exception {
        try (ChildProcess process = ChildProcess.startMain(folder, NoisyServer.class.getName(), folder)) {
            awaitAddress(process);
            List<Callable<Long>> clients = new ArrayList<>(List.of(
                    client(10 * PNG_BYTES, () -> post("/v1/images/generations", "{'prompt': 'a', 'n': 10}")),
                    client(4 * PNG_BYTES, () -> post("/sdapi/v1/txt2img", "{'prompt': 'a', 'batch_size': 4}")),
                    client(
                            4 * PNG_BYTES,
                            () -> post(
                                    "/v1/images/generations",
                                    "{'prompt': 'a', 'n': 1, 'stream': true, 'partial_images': 3}")),
                    client(
                            JPEG_BYTES,
                            () -> post(
                                    "/v1/images/generations",
                                    "{'prompt': 'a', 'n': 1, 'output_format': 'jpeg', 'output_compression': 100}")),
                    client(2 * PNG_BYTES, () -> durable("{'prompt': 'a', 'n': 2}")),
                    client(PNG_BYTES, () -> grpc(1)),
                    client(PNG_BYTES, () -> grpc(1))));
            for (int i = 0; i < 4; i++) {
                clients.add(client(PNG_BYTES, () -> bare("{'prompt': 'a'}")));
                clients.add(client(
                        0, () -> bare(longest("{'prompt': '" + "a".repeat(32_000) + "', 'size': '64x64'}"))));
            }
            try (ExecutorService threads = Executors.newCachedThreadPool()) {
                for (Future<Long> client : threads.invokeAll(clients)) {
                    client.get();
                }
            }

            HttpRequest live =
                    HttpRequest.newBuilder(server.resolve("/health/live")).build();
            assertThat(http.send(live, BodyHandlers.ofString()).statusCode(), is(200));
            assertThat(process.isRunning(), is(true));
            assertThat(String.join("\n", process.err()), not(containsString("OutOfMemoryError")));
        }
    }

    /** A client that counts what it gets and wants more than {@code bytes}. */
    private static Callable<Long> client(long bytes, Callable<Long> request) {
        return () -> {
            long received = request.call();
            assertThat(received, greaterThan(bytes));
            return received;
        };
    }

    private long post(String path, String json) throws IOException, InterruptedException {
        return received(request(path, json).build());
    }

    private long bare(String json) throws IOException, InterruptedException {
        return received(request("/v1/images/generations", json)
                .header("Accept", "image/png")
                .build());
    }

    /** A job that is kept, and its images one after the other. */
    private long durable(String json) throws IOException, InterruptedException {
        HttpResponse<String> accepted = http.send(request("/v1/jobs", json).build(), BodyHandlers.ofString());
        assertThat(accepted.body(), accepted.statusCode(), is(202));
        String job = accepted.headers().firstValue("Location").orElseThrow();
        URI events = server.resolve(job + "/events");
        received(HttpRequest.newBuilder(events).build()); // until its end
        return received(HttpRequest.newBuilder(server.resolve(job + "/images/0"))
                        .build())
                + received(HttpRequest.newBuilder(server.resolve(job + "/images/1"))
                        .build());
    }

    private long grpc(int images) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(server.getHost(), grpcPort)
                .usePlaintext()
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .build();
        try {
            Iterator<JobEvent> events = ImageGenerationGrpc.newBlockingStub(channel)
                    .generate(GenerateRequest.newBuilder()
                            .setPrompt("a")
                            .setN(images)
                            .build());
            long bytes = 0;
            while (events.hasNext()) {
                bytes += events.next().getImage().getData().size();
            }
            return bytes;
        } finally {
            channel.shutdownNow();
        }
    }

    private HttpRequest.Builder request(String path, String json) {
        return HttpRequest.newBuilder(server.resolve(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json.replace('\'', '"')));
    }

    private long received(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<InputStream> response = http.send(request, BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            assertThat(response.statusCode(), is(200));
            return body.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** The same JSON in as many bytes as the server reads. */
    private static String longest(String json) {
        return " ".repeat(MAX_BODY_BYTES - json.length()) + json;
    }

    private void awaitAddress(ChildProcess process) throws IOException, InterruptedException {
        while (process.out().size() < 2) {
            if (!process.isRunning()) {
                throw new IllegalStateException("the server did not start: " + process.err());
            }
            Thread.sleep(Duration.ofMillis(50));
        }
        grpcPort = Integer.parseInt(process.out().getFirst());
        server = URI.create(process.out().get(1));
    }
}
