package dev.mobilediffusion.server.jobs;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;

import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Jobs of a server whose model waits to be told. */
abstract class JobFixture {

    @RegisterExtension
    final TestServer server = TestServer.gated();

    Response submit(String body) {
        return given().contentType("application/json").body(body).post(server.url() + "/v1/jobs");
    }

    Response get(String path) {
        return given().get(server.url() + path);
    }

    /** An event stream ends with its job; reading it to its end is what waits. */
    void awaitEnd(String location) {
        assertThat(get(location + "/events").asString(), containsString("event: succeeded"));
    }
}
