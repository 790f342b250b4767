package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.discovery.Advertisement;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.security.KeyFile;
import io.nats.client.Connection;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import io.nats.client.api.StreamConfiguration;
import io.restassured.response.Response;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a fleet says and does where NATS, or one board alone, would let something pass. */
final class FleetGapsTest {

    private static final ClientId ALICE = ClientId.ofKey("alice");

    @TempDir
    private Path folder;

    @RegisterExtension
    private final TestBoards boards = new TestBoards(() -> folder);

    @Test
    void aPictureThatTheObjectStoreDoesNotTakeFailsItsJobWithTheReason() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer board = boards.board(nats.url(), FakePipeline.quick());
        change(nats, "OBJ_md_pictures", stream -> stream.maximumMessageSize(64));

        Job job = board.queue().submit(TestBoards.durable("a house", 7), ALICE);
        TestBoards.awaitEnd(job);

        assertThat(job.state(), is(JobState.FAILED));
        assertThat(
                job.status().error().orElseThrow().message(),
                containsString("larger than the fleet's NATS takes in one message"));
        change(nats, "OBJ_md_pictures", stream -> stream.maximumMessageSize(-1));
        Job next = board.queue().submit(TestBoards.durable("a house", 8), ALICE);
        TestBoards.awaitEnd(next);
        assertThat(next.state(), is(JobState.SUCCEEDED));
    }

    @Test
    void aJobThatIsLargerThanAMessageIsRefusedWithBothSizes() throws Exception {
        NatsProcess nats = boards.configured("jetstream { store_dir: \"%s\" }\nmax_payload: 16384\n");
        TestServer board = boards.board(nats.url(), FakePipeline.quick());

        Response refused = submit(board, "{\"prompt\":\"%s\"}".formatted("a house ".repeat(2500)), Map.of());

        assertThat(refused.statusCode(), is(507));
        assertThat(refused.asString(), containsString("larger than the fleet's NATS takes in one message, 16384"));
    }

    @Test
    void aFullStreamRefusesJobsAndTakesThemAgainWhenThereIsRoom() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer board = boards.board(nats.url(), FakePipeline.gated());
        Job first = board.queue().submit(TestBoards.durable("a house", 7), ALICE);
        board.pipeline.awaitStart();
        change(nats, "MD_WORK", stream -> stream.maxMessages(1));

        Response refused = submit(board, "{\"prompt\":\"a house\"}", Map.of());
        assertThat(refused.statusCode(), is(507));
        assertThat(refused.asString(), containsString("the fleet's NATS has no room left"));

        board.pipeline.allow(1000);
        TestBoards.awaitEnd(first);
        assertThat(first.state(), is(JobState.SUCCEEDED));
        TestFleet.await("there is room", () -> submit(board, "{\"prompt\":\"a house\"}", Map.of())
                        .statusCode()
                == 202);
    }

    @Test
    void anOldNatsIsToldItsVersionAndTheOneThatIsNeeded() throws Exception {
        try (ServerSocket old = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().start(() -> beOld(old));
            TestServer board = boards.start(
                    boards.options("nats://127.0.0.1:" + old.getLocalPort()), FakePipeline.quick(), Map.of());
            TestBoards.awaitObstacle(board, "NATS is of version 2.8.4, the fleet needs 2.9.0 or later");
            given().get(board.url() + "/health/ready")
                    .then()
                    .statusCode(503)
                    .body("error.message", containsString("2.8.4"));
        }
    }

    @Test
    void aPasswordInAnAddressIsForNatsAlone() {
        TestServer board =
                boards.start(boards.options("nats://board:secret@127.0.0.1:1"), FakePipeline.quick(), Map.of());
        TestBoards.awaitObstacle(board, "NATS at nats://127.0.0.1:1 cannot be reached");
    }

    @Test
    void eventsGoOnAtAnotherBoardAfterTheLastThatWasSeen() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer one = boards.board(nats.url(), FakePipeline.quick());
        TestServer other = boards.board(nats.url(), FakePipeline.quick());
        Job job = one.queue().submit(TestBoards.durable("a house", 7).withCount(2), ALICE);
        TestBoards.awaitEnd(job);

        List<String> all = eventIds(one, job, Optional.empty());
        assertThat(all.size(), greaterThan(4));
        List<String> rest = eventIds(other, job, Optional.of(all.get(2)));

        assertThat(rest, is(all.subList(3, all.size())));
    }

    @Test
    void aKeysLimitHoldsForAllBoardsTogether() throws Exception {
        NatsProcess nats = boards.nats();
        List<Map<String, String>> keys = List.of(key("board1"), key("board2"));
        Map<String, String> locked = Map.of("require-keys", "true");
        TestServer one = boards.board(nats.url(), FakePipeline.quick(), locked);
        TestServer other = boards.board(nats.url(), FakePipeline.quick(), locked);

        for (TestServer server : List.of(one, other, one)) {
            Map<String, String> key = keys.get(server.equals(one) ? 0 : 1);
            assertThat(submit(server, "{\"prompt\":\"a house\"}", key).statusCode(), is(202));
        }
        for (TestServer server : List.of(one, other)) {
            Response refused =
                    submit(server, "{\"prompt\":\"a house\"}", keys.get(server.equals(one) ? 0 : 1));
            assertThat(refused.statusCode(), is(429));
            assertThat(refused.asString(), containsString("may ask for pictures 3 times a minute"));
            assertThat(Integer.parseInt(refused.header("Retry-After")), greaterThan(0));
        }
    }

    @Test
    void aBoardThatIsToldToFindItsNatsAsksItsNeighbours() throws Exception {
        // Neighbours reach it by the network, not by this machine's loopback
        NatsProcess nats = boards.nats("-a", "0.0.0.0");
        FleetOptions named = boards.options(nats.url());
        Advertisement.Service service = new Advertisement.Service(
                "A board " + ProcessHandle.current().pid(), 8123, 8133, false, "fake", "0", named.told());
        TestServer seeking = boards.start(boards.options(FleetOptions.FIND), FakePipeline.quick(), Map.of());
        TestBoards.awaitObstacle(seeking, "no board on this network tells where its fleet's NATS is");

        boards.keep(Advertisement.start(service));

        TestFleet.awaitReady(seeking.queue());
        Job job = seeking.queue().submit(TestBoards.durable("a house", 7), ALICE);
        TestBoards.awaitEnd(job);
        assertThat(job.state(), is(JobState.SUCCEEDED));
    }

    /** The header of a key that may ask three times a minute. */
    private Map<String, String> key(String board) {
        KeyFile keys = new KeyFile(TestServer.config(folder.resolve(board)).data(), Clock.systemUTC());
        return Map.of(
                "Authorization",
                "Bearer " + keys.add("tablet", Optional.empty(), OptionalInt.of(3)).secret());
    }

    private static Response submit(TestServer board, String body, Map<String, String> headers) {
        return given().contentType("application/json").headers(headers).body(body).post(board.url() + "/v1/jobs");
    }

    private static List<String> eventIds(TestServer board, Job job, Optional<String> after) {
        Map<String, String> headers = after.map(id -> Map.of("Last-Event-ID", id)).orElse(Map.of());
        String events = given().headers(headers).get(board.url() + "/v1/jobs/" + job.id() + "/events").asString();
        return Arrays.stream(events.split("\n", -1))
                .filter(line -> line.startsWith("id:"))
                .map(line -> line.substring(3).strip())
                .toList();
    }

    private interface Change {
        StreamConfiguration.Builder of(StreamConfiguration.Builder stream);
    }

    /** Changes a stream as its owner may. */
    private static void change(NatsProcess nats, String stream, Change change) throws Exception {
        try (Connection owner = Nats.connect(nats.url())) {
            JetStreamManagement management = owner.jetStreamManagement();
            var unused = management.updateStream(change.of(StreamConfiguration.builder(
                            management.getStreamInfo(stream).getConfiguration()))
                    .build());
        }
    }

    /** Speaks as a NATS of another version does, as far as a client listens. */
    private static void beOld(ServerSocket listening) {
        while (!listening.isClosed()) {
            try (Socket client = listening.accept()) {
                String info = "INFO {\"server_id\":\"OLD\",\"version\":\"2.8.4\",\"proto\":1,\"headers\":true,"
                        + "\"jetstream\":true,\"max_payload\":1048576}\r\n";
                client.getOutputStream().write(info.getBytes(StandardCharsets.US_ASCII));
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (line.equals("PING")) {
                        client.getOutputStream().write("PONG\r\n".getBytes(StandardCharsets.US_ASCII));
                    }
                }
            } catch (IOException gone) {
                Thread.onSpinWait(); // the board comes again
            }
        }
    }
}
