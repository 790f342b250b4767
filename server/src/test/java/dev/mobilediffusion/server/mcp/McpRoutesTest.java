package dev.mobilediffusion.server.mcp;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mobilediffusion.server.edge.RawClient;
import io.restassured.response.Response;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The protocol's HTTP, message by message: sessions, what is cancelled, what is refused. */
final class McpRoutesTest extends McpFixture {

    private static final String DRAW = """
        {"jsonrpc":"2.0","id":%s,"method":"tools/call",\
        "params":{"name":"generate_image","arguments":{"prompt":"a house"},"_meta":{"progressToken":1}}}\
        """;

    private static final String CANCEL =
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%s}}";

    @Test
    void aCancelledCallCancelsItsJobAndHasNoAnswer() throws Exception {
        String session = begin();
        CompletableFuture<String> answer = draw(session, "7");
        server.pipeline.awaitStart();

        post(session, CANCEL.formatted("\"7\"")).then().statusCode(202); // a string is another id than a number
        assertThat(cancelledJobs(), is(0));
        post(session, CANCEL.formatted("7")).then().statusCode(202).body(emptyString());

        assertThat(answer.join(), not(containsString("\"result\"")));
        assertThat(cancelledJobs(), is(1));
        assertNextJobRuns();
        post(session, CANCEL.formatted("7")).then().statusCode(202); // it is over
    }

    @Test
    void aClientThatGoesCancelsItsJob() throws Exception {
        String body = DRAW.formatted("1");
        try (RawClient client = RawClient.connect(server.port())) {
            client.send("""
                POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nMcp-Session-Id: %s\r\n\
                Accept: text/event-stream\r\nContent-Length: %s\r\n\r\n%s\
                """.formatted(begin(), body.length(), body));
            server.pipeline.awaitStart();
        }
        assertNextJobRuns();
        assertThat(cancelledJobs(), is(1));
    }

    @Test
    void progressGrowsFromTheQueueToThePicture() throws Exception {
        server.pipeline.allow(1);
        List<JsonNode> messages = new ArrayList<>();
        for (String line : draw(begin(), "7").join().lines().toList()) {
            if (line.startsWith("data: ")) {
                messages.add(new ObjectMapper().readTree(line.substring(6)));
            }
        }
        JsonNode answer = messages.removeLast();

        assertThat(answer.at("/id").asInt(), is(7));
        assertThat(answer.at("/result/content/0/mimeType").asText(), is("image/png"));
        assertThat(messages.getFirst().at("/params/message").asText(), is("waiting in the queue"));
        assertThat(messages.getLast().at("/params/message").asText(), is("done"));
        assertThat(messages.getLast().at("/params/progress").asDouble(), is(1.0));
        for (int i = 1; i < messages.size(); i++) {
            assertThat(
                    messages.get(i).at("/params/progress").asDouble(),
                    greaterThan(messages.get(i - 1).at("/params/progress").asDouble()));
        }
    }

    @Test
    void anAnswerIsJsonForWhomReadsNoEvents() throws Exception {
        String session = begin();
        server.pipeline.allow(1);

        json(session, "application/json")
                .body(DRAW.formatted("\"a\""))
                .post("/mcp")
                .then()
                .statusCode(200)
                .contentType("application/json")
                .body("id", is("a"))
                .body("result.isError", is(false))
                .body("result.content[0].type", is("image"));
    }

    @Test
    void aSessionEndsWhenItIsDeleted() {
        String session = begin();

        post(session, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}")
                .then()
                .statusCode(200)
                .body("id", is(2));
        json(session, "*/*").delete("/mcp").then().statusCode(204);
        post(session, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}")
                .then()
                .statusCode(404)
                .body("error.message", is("there is no such session; begin one by initialize"))
                .body("id", nullValue());
    }

    @Test
    void manySilentSessionsMakeRoomForNewOnes() {
        String first = begin();
        String second = begin();
        for (int i = 2; i < Sessions.MAX; i++) {
            begin();
        }
        post(first, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}").then().statusCode(200);
        String newest = begin();

        for (String kept : new String[] {first, newest}) {
            post(kept, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}")
                    .then()
                    .statusCode(200);
        }
        post(second, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}")
                .then()
                .statusCode(404);
    }

    /** No permission was given to the one before: only its cancel lets the worker go on. */
    private void assertNextJobRuns() throws InterruptedException {
        CompletableFuture<Response> next =
                CompletableFuture.supplyAsync(() -> server.post("/v1/images/generations", "{\"prompt\":\"next\"}"));
        assertThat(server.pipeline.awaitStart().prompt(), is("next"));
        server.pipeline.allow(1);
        assertThat(next.join().statusCode(), is(200));
    }

    private int cancelledJobs() {
        return server.metrics()
                .lines()
                .filter(line -> line.startsWith("mobilediffusion_jobs_total{state=\"cancelled\"}"))
                .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    private CompletableFuture<String> draw(String session, String id) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + "/mcp"))
                .header("Content-Type", "application/json")
                .header("Accept", "application/json, text/event-stream")
                .header(SESSION, session)
                .POST(HttpRequest.BodyPublishers.ofString(DRAW.formatted(id)))
                .build();
        return HttpClient.newHttpClient()
                .sendAsync(request, BodyHandlers.ofString())
                .thenApply(HttpResponse::body);
    }
}
