package dev.mobilediffusion.server.edge;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What strict readers of event streams need: between two blank lines there is always an event with data. */
final class EventBoundaryTest {

    @RegisterExtension
    private final TestServer server = TestServer.gated();

    @Test
    void aStreamedImagesCommentsEndNoEvent() throws Exception {
        requireStrictly(HttpRequest.newBuilder(URI.create(server.url() + "/v1/images/generations"))
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\",\"stream\":true,\"partial_images\":2}"))
                .build());
    }

    @Test
    void aJobsCommentsEndNoEvent() throws Exception {
        HttpRequest submit = HttpRequest.newBuilder(URI.create(server.url() + "/v1/jobs"))
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\"}"))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            String job = client.send(submit, HttpResponse.BodyHandlers.ofString())
                    .headers()
                    .firstValue("Location")
                    .orElseThrow();
            requireStrictly(HttpRequest.newBuilder(URI.create(server.url() + job + "/events"))
                    .build());
        }
    }

    private void requireStrictly(HttpRequest request) throws IOException, InterruptedException {
        Thread later = Thread.startVirtualThread(this::drawAfterSomeHeartbeats);
        try (HttpClient client = HttpClient.newHttpClient()) {
            String stream =
                    client.send(request, HttpResponse.BodyHandlers.ofString()).body();
            later.join();
            List<String> events = List.of(stream.split("\n\n"));

            assertThat(stream, startsWith(":"));
            assertThat(stream.split("\n:", -1).length, greaterThan(1));
            assertThat(events, not(hasSize(0)));
            assertThat(events, everyItem(containsString("\ndata: {")));
        }
    }

    /** A waiting client hears a comment every second. */
    private void drawAfterSomeHeartbeats() {
        try {
            server.pipeline.awaitStart();
            Thread.sleep(1500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.pipeline.allow(1);
    }
}
