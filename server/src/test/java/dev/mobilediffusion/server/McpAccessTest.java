package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.security.IssuedKey;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** {@code /mcp} behind the gate of all routes: keys, their limits, hosts and origins, lengths. */
final class McpAccessTest extends AccessFixture {

    private static final String INITIALIZE = """
        {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",\
        "capabilities":{},"clientInfo":{"name":"test","version":"1"}}}\
        """;
    private static final String DRAW = """
        {"jsonrpc":"2.0","id":1,"method":"tools/call",\
        "params":{"name":"generate_image","arguments":{"prompt":"a house"}}}\
        """;

    @Test
    void aKeyLetsInAndItsSessionIsItsOwn() {
        IssuedKey phone = key("phone");
        IssuedKey guest = key("guest");
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            send(given(), server, INITIALIZE)
                    .statusCode(401)
                    .header("WWW-Authenticate", "Bearer")
                    .body("error.data.code", is("invalid_api_key"));
            String session = send(bearer(phone), server, INITIALIZE)
                    .statusCode(200)
                    .extract()
                    .header("Mcp-Session-Id");
            send(bearer(guest).header("Mcp-Session-Id", session), server, DRAW).statusCode(404);
            send(bearer(phone).header("Mcp-Session-Id", session), server, DRAW)
                    .statusCode(200)
                    .body("result.isError", is(false));
        }
    }

    @Test
    void theLimitOfAKeyIsAToolError() {
        IssuedKey key = keys().add("guest", Optional.empty(), OptionalInt.of(1));
        try (TestServer server = start(Map.of("require-keys", "true"))) {
            String session = send(bearer(key), server, INITIALIZE)
                    .statusCode(200)
                    .extract()
                    .header("Mcp-Session-Id");
            send(bearer(key).header("Mcp-Session-Id", session), server, DRAW).body("result.isError", is(false));
            String text = send(bearer(key).header("Mcp-Session-Id", session), server, DRAW)
                    .statusCode(200)
                    .body("result.isError", is(true))
                    .extract()
                    .path("result.content[0].text");
            assertThat(text, containsString("the API key 'guest' may ask for pictures 1 times a minute; come back in"));
            assertThat(text, containsString("(rate_limit_exceeded)"));
        }
    }

    @Test
    void otherHostsOriginsAndLengthsAreRefused() {
        try (TestServer server = start(Map.of())) {
            send(given().header("Host", "evil.example"), server, INITIALIZE).statusCode(403);
            send(given().header("Origin", "http://evil.example"), server, INITIALIZE)
                    .statusCode(403);
            send(given(), server, " ".repeat(8 << 20) + INITIALIZE)
                    .statusCode(413)
                    .body("error.message", containsString("the body must have at most 8388608 bytes"));
        }
    }

    private static ValidatableResponse send(RequestSpecification request, TestServer server, String body) {
        return request.contentType("application/json")
                .accept("application/json")
                .body(body)
                .post(server.url() + "/mcp")
                .then();
    }
}
