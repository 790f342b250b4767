package dev.mobilediffusion.server.jobs;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.server.edge.RawClient;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a watcher of a job hears. */
final class JobEventsTest extends JobFixture {

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
}
