package dev.mobilediffusion.server.mcp;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the protocol refuses, by which form. */
final class McpRefusalsTest extends McpFixture {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "[]|the body must be a JSON object, got an array",
                "{\"jsonrpc\":\"2.0\"}|method is missing; it must be a string",
                "{\"id\":1.5,\"method\":\"ping\"}|id must be a string or a whole number, got a number",
                "{\"id\":1,\"method\":\"tools/call\",\"params\":[]}|params must be an object, got an array",
                "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"arguments\":3}}|params.arguments must be an object,"
                        + " got a number",
                "{\"id\":1,\"method\":\"initialize\"}|params is missing; it must be an object",
                "{\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":[]}}|params are not what the"
                        + " method takes",
            })
    void aMessageThatIsNoneIsRefusedInTheProtocolsForm(String body, String sentence) {
        post(begin(), body)
                .then()
                .statusCode(400)
                .body("jsonrpc", is("2.0"))
                .body("error.code", is(-32600))
                .body("error.data.code", is("invalid_request"))
                .body("error.message", equalTo(sentence));
    }

    @Test
    void anUnknownMethodOrToolIsAnErrorOfTheProtocol() {
        String session = begin();

        post(session, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"resources/list\"}")
                .then()
                .statusCode(200)
                .body("error.code", is(-32601));
        json(session, "application/json")
                .body("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\",\"params\":{\"name\":\"paint\"}}")
                .post("/mcp")
                .then()
                .statusCode(200)
                .body("error.code", is(-32602));
    }

    @Test
    void headersThatTheProtocolAsksForAreNamedWhereTheyAreWrong() {
        String ping = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}";
        String session = begin();

        given().contentType("application/json")
                .body(ping)
                .post(server.url() + "/mcp")
                .then()
                .statusCode(400)
                .body("error.data.param", is(SESSION));
        json(session, "*/*")
                .header("Mcp-Protocol-Version", "2020-01-01")
                .body(ping)
                .post("/mcp")
                .then()
                .statusCode(400)
                .body("error.message", containsString("2025-11-25"));
        given().header(SESSION, session)
                .get(server.url() + "/mcp")
                .then()
                .statusCode(405)
                .header("Allow", "POST, DELETE, OPTIONS");
    }
}
