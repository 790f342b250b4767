package dev.mobilediffusion.server.edge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no HTTP, or a request that HTTP itself refuses. */
final class MalformedHttpTest {

    private static final String PATH = "/v1/images/generations";

    @RegisterExtension
    private static final TestServer server = TestServer.quick();

    @AfterAll
    static void theModelWasNeverAsked() {
        assertThat(server.pipeline.finished(), hasSize(0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x\r\n\r\n",
                "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
                "\u00ffET / HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /\r\n\r\n",
                "GET / HTTP/1.1\nHost: x\n\n",
                "GET / HTTP/1.2\r\n\r\n",
                "GET / HTTP/1.0\n\n"
            })
    void whatIsNoHttpIsToldSo(String request) throws IOException {
        assertThat(raw(request), allOf(startsWith("HTTP/1.1 400"), containsString("not valid HTTP")));
    }

    @Test
    void aFirstLineThatIsTooLongIs414() throws IOException {
        for (int length : new int[] {5_000, 8_200, 100_000}) {
            String reply = raw("GET /" + "a".repeat(length) + " HTTP/1.1\r\nHost: x\r\n\r\n");

            assertThat(reply, allOf(startsWith("HTTP/1.1 414"), containsString("too long")));
        }
    }

    @Test
    void anEncodedBodyIs415() throws IOException {
        String reply = raw(RawClient.head(PATH, "Content-Encoding: gzip\r\nContent-Length: 3") + "abc");

        assertThat(reply, allOf(startsWith("HTTP/1.1 415"), containsString("without Content-Encoding")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "a/b/c", ";", "text/", "image/png;q=high", "\u00ff", ","})
    void anAcceptThatIsNoListOfMediaTypesMeansJson(String accept) throws IOException {
        String refused =
                raw("POST %s HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nContent-Length: 2\r\n\r\n{}".formatted(PATH, accept));
        String root = raw("GET / HTTP/1.1\r\nHost: x\r\nAccept: %s\r\n\r\n".formatted(accept));

        assertThat(refused, startsWith("HTTP/1.1 400"));
        assertThat(root, not(startsWith("HTTP/1.1 5")));
    }

    @Test
    void aWrongMethodIs405WithAllow() {
        given().get(server.url() + PATH).then().statusCode(405).header("Allow", "POST, OPTIONS");
        given().put(server.url() + PATH).then().statusCode(405).body("error.code", is("method_not_allowed"));
        given().delete(server.url() + "/v1/models").then().statusCode(405).header("Allow", "GET, HEAD");
        given().post(server.url() + "/v1/jobs/x").then().statusCode(405).header("Allow", containsString("DELETE"));
        given().post(server.url() + "/metrics").then().statusCode(405);
        given().post(server.url() + "/health/live").then().statusCode(405);
    }

    @Test
    void anUnknownPathIs404WithABody() {
        for (String path : new String[] {"/v1", "/v1/nothing", "/nothing/at/all", "/v1/images", "/v1/jobs/x/y/z"}) {
            given().get(server.url() + path).then().statusCode(404).body("error.code", is("not_found"));
        }
        given().get(server.url() + "/v1/jobs/job_000000000000000000000000")
                .then()
                .statusCode(404);
        given().get(server.url() + "/v1/jobs/..%2f..%2fetc").then().statusCode(404);
        given().get(server.url() + "/v1/models/nobody").then().statusCode(404).body("error.param", is("model"));
    }

    @Test
    void aLengthThatPromisesTooMuchIs413BeforeTheBodyComes() throws IOException {
        String reply = raw(RawClient.head(PATH, "Content-Length: 999999999"));

        assertThat(reply, allOf(startsWith("HTTP/1.1 413"), containsString("\"payload_too_large\"")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\n\r\n",
                "GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
                "POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                "POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /a\u0001b HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
            })
    void brokenHttpGetsABodyToo(String request) throws IOException {
        String reply = raw(request);

        assertThat(reply, startsWith("HTTP/1.1 4"));
        assertThat(reply, containsString("{\"error\":{\"message\":"));
        assertThat(reply, not(containsString("Exception")));
    }

    @Test
    void headersWithoutEndAreRefused() throws IOException {
        String reply = raw("GET / HTTP/1.1\r\nHost: x\r\nX: " + "a".repeat(100_000) + "\r\n\r\n");

        assertThat(reply, allOf(startsWith("HTTP/1.1 4"), containsString("{\"error\":")));
    }

    private static String raw(String request) throws IOException {
        return RawClient.exchange(server.port(), request);
    }
}
