package dev.mobilediffusion.server.edge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class HealthRoutesTest {

    @RegisterExtension
    private final TestServer server = TestServer.gated();

    @Test
    void aServerWithAModelIsLiveAndReady() {
        given().get(server.url() + "/health/live").then().statusCode(200).body("status", is("alive"));
        given().get(server.url() + "/health/ready").then().statusCode(200).body("status", is("ready"));
    }

    @Test
    void aStoppingServerIsLiveButNotReadyAndTakesNoJobs() throws Exception {
        given().contentType("application/json")
                .body("{\"prompt\":\"running\"}")
                .post(server.url() + "/v1/jobs")
                .then()
                .statusCode(202);
        server.pipeline.awaitStart();
        Thread stopping = Thread.startVirtualThread(server.server()::close);
        while (given().get(server.url() + "/health/ready").statusCode() == 200) {
            Thread.onSpinWait();
        }

        given().get(server.url() + "/health/live").then().statusCode(200);
        given().get(server.url() + "/health/ready")
                .then()
                .statusCode(503)
                .header("Retry-After", "5")
                .body("error.code", is("not_ready"));
        server.pipeline.allow(1);
        stopping.join();
        assertThat(server.pipeline.finished().size(), is(1));
    }

    @Test
    void healthAndMetricsAnswerWhileTheQueueIsFull() throws Exception {
        for (int i = 0; i < 5; i++) {
            given().contentType("application/json")
                    .body("{\"prompt\":\"waiting\"}")
                    .post(server.url() + "/v1/jobs")
                    .then()
                    .statusCode(202);
            if (i == 0) {
                server.pipeline.awaitStart();
            }
        }

        given().get(server.url() + "/health/ready").then().statusCode(200);
        given().get(server.url() + "/metrics")
                .then()
                .statusCode(200)
                .body(containsString("mobilediffusion_queue_depth 4.0\n"))
                .body(containsString("mobilediffusion_queue_capacity 4.0\n"));
    }

    @Test
    void metricsCountCallsByFaceAndOutcomeAndComeInTheTextThatIsAskedFor() {
        server.pipeline.allow(1);
        given().contentType("application/json")
                .body("{\"prompt\":\"a\"}")
                .post(server.url() + "/v1/images/generations");
        given().contentType("application/json").body("{").post(server.url() + "/v1/images/generations");
        given().get(server.url() + "/metrics")
                .then()
                .contentType(startsWith("text/plain; version=0.0.4"))
                .body(containsString(
                        "mobilediffusion_request_duration_seconds_count{api=\"openai\",outcome=\"success\"} 1\n"))
                .body(containsString("{api=\"openai\",outcome=\"invalid_request\"} 1\n"))
                .body(containsString("mobilediffusion_stage_duration_seconds_count{model=\"fake\",stage=\"unet\"} 1\n"))
                .body(containsString(
                        "mobilediffusion_stage_duration_seconds_count{model=\"fake\",stage=\"queue\"} 1\n"))
                .body(containsString("mobilediffusion_images_total{model=\"fake\"} 1.0\n"));
        given().header("Accept", "application/openmetrics-text; version=1.0.0, text/plain;q=0.5")
                .get(server.url() + "/metrics")
                .then()
                .contentType(startsWith("application/openmetrics-text"))
                .body(endsWith("# EOF\n"));
    }

    @Test
    void modelsAreListedInOpenAisShapeWithTheirWords() {
        given().get(server.url() + "/v1/models")
                .then()
                .statusCode(200)
                .body("object", is("list"))
                .body("data.id", contains("fake"))
                .body("data[0].object", is("model"))
                .body("data[0].owned_by", is("mobilediffusion"))
                .body("data[0].known_words", contains("house", "red"))
                .body("data[0].groups.buildings", contains("house"));
        given().get(server.url() + "/v1/models/fake")
                .then()
                .statusCode(200)
                .body("size", is("16x16"))
                .body("loaded", is(true))
                .body("default_steps", is(4));
    }
}
