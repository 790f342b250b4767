package dev.mobilediffusion.server.jobs;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import org.junit.jupiter.api.Test;

final class JobRoutesTest extends JobFixture {

    @Test
    void aJobIsAcceptedWithItsPlaceAndLocation() throws InterruptedException {
        submit("{\"prompt\":\"running\"}");
        server.pipeline.awaitStart();
        submit("{\"prompt\":\"first\"}")
                .then()
                .statusCode(202)
                .header("Location", matchesPattern("/v1/jobs/job_[0-9a-z]{24}"))
                .body("status", is("queued"))
                .body("queue_position", is(1));
        submit("{\"prompt\":\"second\"}").then().body("queue_position", is(2)).body("eta_seconds", greaterThan(0.0f));
    }

    @Test
    void aFinishedJobTellsItsTimingsAndLeadsToItsImages() throws Exception {
        server.pipeline.allow(2);
        String location = submit("{\"prompt\":\"a house\",\"seed\":7,\"n\":2}").header("Location");
        awaitEnd(location);

        Response job = get(location);
        job.then()
                .statusCode(200)
                .body("status", is("succeeded"))
                .body("queue_position", is(0))
                .body("images.seed", contains(7, 8))
                .body("timings_ms.unet", is(60.0f))
                .body("timings_ms.containsKey('queue')", is(true))
                .body("error", nullValue());
        byte[] second = given().get(server.url() + job.path("images[1].url")).asByteArray();
        assertThat(second[0], is((byte) 8));
        get(location + "/images/2").then().statusCode(404).body("error.param", is("index"));
        get(location + "/images/x").then().statusCode(404);
    }

    @Test
    void anImageHasATagAndCanBeFetchedInParts() throws Exception {
        server.pipeline.allow(1);
        String location = submit("{\"prompt\":\"a house\",\"seed\":7}").header("Location");
        awaitEnd(location);
        String image = server.url() + location + "/images/0";
        String tag = given().get(image).header("ETag");

        given().header("If-None-Match", tag).get(image).then().statusCode(304);
        given().header("Range", "bytes=10-19")
                .get(image)
                .then()
                .statusCode(206)
                .header("Content-Range", "bytes 10-19/768")
                .header("Content-Length", "10");
        given().header("Range", "bytes=760-")
                .get(image)
                .then()
                .statusCode(206)
                .header("Content-Range", "bytes 760-767/768");
        given().header("Range", "bytes=-8").get(image).then().header("Content-Range", "bytes 760-767/768");
        given().header("Range", "bytes=768-").get(image).then().statusCode(416).header("Content-Range", "bytes */768");
        given().header("Range", "bytes=5-1").get(image).then().statusCode(416);
        given().header("Range", "bytes=-0").get(image).then().statusCode(416);
        given().header("Range", "pages=1-2").get(image).then().statusCode(200);
        given().header("Range", "bytes=0-9")
                .header("If-Range", "\"another\"")
                .get(image)
                .then()
                .statusCode(200);
    }

    @Test
    void deleteCancelsAWaitingAndARunningJobAndTheNextOneRuns() throws Exception {
        String running = submit("{\"prompt\":\"running\"}").header("Location");
        server.pipeline.awaitStart();
        String waiting = submit("{\"prompt\":\"waiting\"}").header("Location");
        String next = submit("{\"prompt\":\"next\"}").header("Location");

        given().delete(server.url() + waiting).then().statusCode(200).body("status", is("cancelled"));
        given().delete(server.url() + running)
                .then()
                .statusCode(200)
                .body("status", is("cancelled"))
                .body("error.code", is("cancelled"));
        server.pipeline.awaitStart();
        server.pipeline.allow(1);
        awaitEnd(next);

        get(next).then().body("status", is("succeeded"));
        given().delete(server.url() + next).then().statusCode(200).body("status", is("succeeded"));
    }

    @Test
    void theQueueRefusesTheFifthWaitingJobWithATimeToComeBack() throws Exception {
        submit("{\"prompt\":\"running\"}");
        server.pipeline.awaitStart();
        for (int i = 0; i < 4; i++) {
            submit("{\"prompt\":\"waiting\"}").then().statusCode(202);
        }

        submit("{\"prompt\":\"too many\"}")
                .then()
                .statusCode(429)
                .header("Retry-After", matchesPattern("[1-9][0-9]*"))
                .body("error.type", is("rate_limit_exceeded"))
                .body("error.code", is("rate_limit_exceeded"))
                .body("error.message", containsString("of at most 4 jobs"));
        given().contentType("application/json")
                .body("{\"prompt\":\"too many\"}")
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(429);
    }

    @Test
    void aJobThatIsTooLateFailsWith504() throws Exception {
        submit("{\"prompt\":\"running\"}");
        server.pipeline.awaitStart();

        given().contentType("application/json")
                .body("{\"prompt\":\"late\",\"timeout_seconds\":0.05}")
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(504)
                .body("error.code", is("deadline_exceeded"));
    }

    @Test
    void jobsOfARestartedServerAreStillThere() throws Exception {
        server.pipeline.allow(1);
        String location = submit("{\"prompt\":\"a house\",\"seed\":7}").header("Location");
        awaitEnd(location);
        server.close();

        try (TestServer again = TestServer.start(server.folder(), FakePipeline.quick())) {
            again.get(location)
                    .then()
                    .statusCode(200)
                    .body("status", is("succeeded"))
                    .body("images", hasSize(1));
            assertThat(again.get(location + "/images/0").asByteArray()[0], is((byte) 7));
            assertThat(again.get(location + "/events").asString(), containsString("event: succeeded"));
        }
    }
}
