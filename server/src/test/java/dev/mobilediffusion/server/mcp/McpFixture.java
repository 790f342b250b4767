package dev.mobilediffusion.server.mcp;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The protocol message by message, at a server whose model waits to be told. */
abstract class McpFixture {

    static final String SESSION = "Mcp-Session-Id";

    @RegisterExtension
    final TestServer server = TestServer.gated();

    String begin() {
        return given().contentType("application/json")
                .body("""
                    {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",\
                    "capabilities":{},"clientInfo":{"name":"test","version":"1"}}}\
                    """)
                .post(server.url() + "/mcp")
                .then()
                .statusCode(200)
                .body("result.protocolVersion", is("2025-06-18"))
                .extract()
                .header(SESSION);
    }

    Response post(String session, String body) {
        return json(session, "application/json, text/event-stream").body(body).post("/mcp");
    }

    RequestSpecification json(String session, String accept) {
        return given().baseUri(server.url())
                .contentType("application/json")
                .accept(accept)
                .header(SESSION, session);
    }
}
