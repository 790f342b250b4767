package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.oneOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.InferenceException;
import dev.mobilediffusion.server.models.ModelRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageServerTest {

    @TempDir
    private Path folder;

    @Test
    void threeHundredJobsAtOnceAreEachServedOrRefusedAndNoneIsLost() {
        try (TestServer server = TestServer.start(folder, FakePipeline.quick());
                HttpClient client = HttpClient.newHttpClient()) {
            List<Integer> statuses = post(client, server, 300);

            assertThat(statuses, hasSize(300));
            assertThat(statuses, everyItem(is(oneOf(200, 429))));
            long served = statuses.stream().filter(status -> status == 200).count();
            assertThat((long) server.pipeline.finished().size(), is(served));
            given().get(server.url() + "/health/ready").then().statusCode(200);
        }
    }

    @Test
    void anEndedServerLeavesNoThreadBehindAndClosesItsModel() throws InterruptedException {
        Set<String> before = threads();
        FakePipeline pipeline = FakePipeline.quick();
        try (TestServer server = TestServer.start(folder, pipeline);
                HttpClient client = HttpClient.newHttpClient()) {
            post(client, server, 8);
        }
        assertThat(pipeline.isClosed(), is(true));
        Set<String> left = ours(before);
        for (int i = 0; i < 1000 && !left.isEmpty(); i++) {
            Thread.sleep(5);
            left = ours(before);
        }
        assertThat(left, is(Set.of()));
    }

    @Test
    void aTakenPortIsNamed() {
        try (TestServer server = TestServer.start(folder, FakePipeline.quick())) {
            ServerConfig second = TestServer.config(folder.resolve("second"));
            ServerConfig taken = ConfigKeys.apply(second, Map.of("port", Integer.toString(server.port())));

            IllegalStateException refusal = assertThrows(
                    IllegalStateException.class,
                    () -> TestServer.start(taken, FakePipeline.quick()).close());

            assertThat(refusal.getMessage(), containsString("cannot listen at 127.0.0.1 port " + server.port()));
        }
    }

    @Test
    void aFolderWithoutModelsIsNamed() {
        InferenceException refusal = assertThrows(
                InferenceException.class,
                () -> ModelRegistry.open(folder, Optional.empty(), bundle -> FakePipeline.quick(), bundle -> 0, 0));

        assertThat(refusal.getMessage(), containsString("there is no model in"));
    }

    /** Java's client offers an upgrade to HTTP/2 with each request, which the server may leave alone. */
    private static List<Integer> post(HttpClient client, TestServer server, int requests) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + "/v1/images/generations"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a house\"}"))
                .build();
        List<CompletableFuture<HttpResponse<Void>>> replies = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            replies.add(client.sendAsync(request, HttpResponse.BodyHandlers.discarding()));
        }
        return replies.stream()
                .map(CompletableFuture::join)
                .map(HttpResponse::statusCode)
                .toList();
    }

    private static Set<String> ours(Set<String> before) {
        return threads().stream()
                .filter(name -> !before.contains(name))
                .filter(name -> name.startsWith("inference-worker") || name.startsWith("job-timer"))
                .collect(Collectors.toSet());
    }

    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).collect(Collectors.toSet());
    }
}
