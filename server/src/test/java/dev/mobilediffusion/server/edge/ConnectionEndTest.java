package dev.mobilediffusion.server.edge;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import io.restassured.RestAssured;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a connection ends and what a reply may hold, as HTTP has it: HEAD, Connection: close, HTTP/1.0, clients that go. */
final class ConnectionEndTest {

    private static final String DRAW = "/v1/images/generations";

    @RegisterExtension
    private final TestServer server = TestServer.quick();

    @ParameterizedTest
    @ValueSource(strings = {"close", "Close", "keep-alive, close", "TE, close"})
    void theConnectionEndsAfterTheReplyWhereTheClientAsksForIt(String connection) throws IOException {
        String get = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: " + connection + "\r\n\r\n";
        String post = RawClient.post(DRAW, "{\"prompt\":\"a\",\"seed\":1}")
                .replace("\r\n\r\n", "\r\nConnection: " + connection + "\r\n\r\n");

        assertThat(untilTheEnd(get), allOf(startsWith("HTTP/1.1 200"), containsString("alive")));
        assertThat(untilTheEnd(post), allOf(startsWith("HTTP/1.1 200"), containsString("\"seed\":1")));
    }

    @Test
    void whatFollowsTheLastRequestIsNotAnswered() throws IOException {
        String last = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

        assertThat(untilTheEnd(last + last).split("HTTP/1.1 200", -1).length - 1, is(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/health/live",
                "/health/ready",
                "/metrics",
                "/v1/models",
                "/openapi.json",
                "/nothing",
                DRAW,
                "/sdapi/v1/options",
                "/page/page.js"
            })
    void headHasTheHeadersOfGetAndNoBody(String path) throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
            String get = client.readReply();
            client.send("HEAD " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
            String head = client.readUntil("\r\n\r\n");
            client.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");

            assertThat(settled(head), is(settled(get.substring(0, get.indexOf("\r\n\r\n") + 4))));
            assertThat(client.readReply(), allOf(startsWith("HTTP/1.1 200"), endsWith("{\"status\":\"alive\"}")));
        }
    }

    @Test
    void aRequestOfHttp10IsServedWithoutChunksAndEnds() throws IOException {
        String named = "POST " + DRAW + " HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 37\r\n\r\n"
                + "{\"prompt\":\"a\",\"seed\":1,\"stream\":true}";
        String reply = untilTheEnd(named);

        assertThat(reply, allOf(startsWith("HTTP/1.1 200"), containsString("Connection: close")));
        assertThat(reply.toLowerCase(Locale.ROOT), not(containsString("transfer-encoding")));
        assertThat(reply.substring(reply.indexOf("\r\n\r\n") + 4), startsWith(": "));
        assertThat(reply, endsWith("}\n\n"));
        assertThat(untilTheEnd("GET /health/live HTTP/1.0\r\n\r\n"), endsWith("{\"status\":\"alive\"}"));
        assertThat(untilTheEnd("HEAD /health/live HTTP/1.0\r\n\r\n"), endsWith("\r\n\r\n"));
    }

    @Test
    void aRequestOfHttp10MayComeByteByByte() throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            for (char each : "GET /health/live HTTP/1.0\r\nX: y\r\n\r\n".toCharArray()) {
                client.send(String.valueOf(each));
            }
            assertThat(client.readReply(), containsString("alive"));
        }
    }

    @Test
    void aSlashAtThePathsEndMeansNothing() {
        RestAssured.given()
                .contentType("application/json")
                .body("{\"prompt\":\"a\"}")
                .post(server.url() + DRAW + "/")
                .then()
                .statusCode(200);
        RestAssured.get(server.url() + "/v1/models/").then().statusCode(200);
        RestAssured.get(server.url() + "/health/live/").then().statusCode(200);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatGoesWithinItsBodyCountsAsCancelled(boolean abruptly) throws Exception {
        for (String framing :
                new String[] {"Content-Length: 40000\r\n\r\n{\"prompt\"", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"p"
                }) {
            try (RawClient client = RawClient.connect(server.port())) {
                client.send("POST " + DRAW + " HTTP/1.1\r\nHost: x\r\n" + framing);
                client.hangUp(abruptly);
            }
        }
        try (RawClient client = RawClient.connect(server.port())) {
            client.send("POST " + DRAW + " HTTP/1.1\r\nHost: x\r\nContent-Le");
            client.hangUp(abruptly);
        }

        String cancelled = "request_duration_seconds_count{api=\"openai\",outcome=\"cancelled\"} 2";
        for (int i = 0; i < 400 && !metrics().contains(cancelled); i++) {
            Thread.sleep(10);
        }
        assertThat(metrics(), containsString(cancelled));
        assertThat(metrics(), not(containsString("outcome=\"internal\"")));
    }

    private String metrics() {
        return RestAssured.get(server.url() + "/metrics").asString();
    }

    /** What of the headers does not tell the time. */
    private static String settled(String head) {
        return head.replaceAll("(?m)^(Date|X-Process-Time|Content-Length): .*\r\n", "$1\r\n");
    }

    private String untilTheEnd(String request) throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            client.send(request);
            return client.readAll();
        }
    }
}
