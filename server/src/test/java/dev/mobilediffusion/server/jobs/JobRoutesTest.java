package dev.mobilediffusion.server.jobs;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.server.FakePipeline;
import dev.mobilediffusion.server.TestServer;
import dev.mobilediffusion.server.edge.RawClient;
import io.restassured.response.Response;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class JobRoutesTest {

    @RegisterExtension
    private final TestServer server = TestServer.gated();

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
    void eventsTellEveryStepAndEndWithTheResult() throws Exception {
        String location = submit("{\"prompt\":\"a house\",\"seed\":7}").header("Location");

        String events = watchToTheEnd(location);

        assertThat(events, containsString("Content-Type: text/event-stream"));
        assertThat(lines(events, "event: ").getFirst(), is("queued"));
        assertThat(lines(events, "event: "), hasItems("started", "stage", "step", "image"));
        assertThat(lines(events, "event: ").getLast(), is("succeeded"));
        assertThat(events, containsString("data: {\"image\":0,\"step\":4,\"steps\":4,\"eta_seconds\":"));
    }

    @Test
    void eventsResumeAfterTheLastOneThatTheClientHas() throws Exception {
        String location = submit("{\"prompt\":\"a house\"}").header("Location");
        server.pipeline.awaitStart();
        String lastSeen;
        try (RawClient client = RawClient.connect(server.port())) {
            client.send("GET " + location + "/events HTTP/1.1\r\nHost: x\r\n\r\n");
            lastSeen = lines(client.readUntil("event: started"), "id: ").getLast();
        }

        String rest = watchToTheEnd(location, "Last-Event-ID: " + lastSeen);

        assertThat(lines(rest, "id: "), not(hasItem(lastSeen)));
        assertThat(lines(rest, "event: "), not(hasItem("queued")));
        assertThat(lines(rest, "event: ").getLast(), is("succeeded"));
    }

    @Test
    void aWatcherThatHasSeenTheEndIsNotKeptWaiting() {
        server.pipeline.allow(1);
        String location = submit("{\"prompt\":\"a house\"}").header("Location");
        awaitEnd(location);

        String nothing = given().header("Last-Event-ID", Long.toString(Long.MAX_VALUE))
                .get(server.url() + location + "/events")
                .asString();

        assertThat(nothing, not(containsString("event: ")));
        given().header("Last-Event-ID", "soon")
                .get(server.url() + location + "/events")
                .then()
                .statusCode(400)
                .body("error.param", is("Last-Event-ID"));
    }

    @Test
    void aWatcherOfAWaitingJobHearsItsPlaceAgainAndAgain() throws Exception {
        submit("{\"prompt\":\"running\"}");
        server.pipeline.awaitStart();
        String location = submit("{\"prompt\":\"waiting\"}").header("Location");
        try (RawClient client = RawClient.connect(server.port())) {
            client.send("GET " + location + "/events HTTP/1.1\r\nHost: x\r\n\r\n");
            client.readUntil("event: queued");
            client.readUntil("\r\nevent: queued\ndata: {\"id\":"); // has no id to resume at
            assertThat(client.readUntil("eta_seconds"), containsString("\"queue_position\":1"));
        }
        get(location).then().body("status", is("queued"));
    }

    @Test
    void aWatcherOfAWaitingJobSeesItsStreamEndWhenTheServerStops() throws Exception {
        submit("{\"prompt\":\"running\"}");
        server.pipeline.awaitStart();
        String location = submit("{\"prompt\":\"waiting\"}").header("Location");
        try (RawClient client = RawClient.connect(server.port())) {
            client.send("GET " + location + "/events HTTP/1.1\r\nHost: x\r\n\r\n");
            client.readUntil("event: queued");
            Thread stopping = Thread.startVirtualThread(server.server()::close);
            String rest = client.readUntil("\r\n0\r\n\r\n"); // the last chunk of a reply that is whole
            assertThat(rest, not(containsString("event: cancelled")));
            server.pipeline.allow(1);
            stopping.join();
        }
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

    private Response submit(String body) {
        return given().contentType("application/json").body(body).post(server.url() + "/v1/jobs");
    }

    private Response get(String path) {
        return given().get(server.url() + path);
    }

    /** Watches from before the image is allowed to finish. */
    private String watchToTheEnd(String location, String... headers) throws IOException {
        try (RawClient client = RawClient.connect(server.port())) {
            String lines = String.join(
                    "", Arrays.stream(headers).map(header -> header + "\r\n").toList());
            client.send("GET " + location + "/events HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n");
            String head = client.readUntil("event: step");
            server.pipeline.allow(1);
            return head + client.readUntil("event: succeeded\n");
        }
    }

    private static List<String> lines(String events, String prefix) {
        return events.lines()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()))
                .toList();
    }

    /** An event stream ends with its job; reading it to its end is what waits. */
    private void awaitEnd(String location) {
        assertThat(get(location + "/events").asString(), containsString("event: succeeded"));
    }
}
