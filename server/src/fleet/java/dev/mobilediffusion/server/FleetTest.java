package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobEvent;
import dev.mobilediffusion.server.job.JobState;
import io.nats.client.Connection;
import io.nats.client.Nats;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Several boards on a real NATS. */
final class FleetTest {

    private static final ClientId ALICE = ClientId.ofKey("alice");

    @TempDir
    private Path folder;

    @RegisterExtension
    private final TestBoards boards = new TestBoards(() -> folder);

    @Test
    void anyBoardAnswersForAnyJobUnderTheSameEventIds() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer drawing = boards.board(nats.url(), FakePipeline.quick());
        TestServer asked = boards.board(nats.url(), FakePipeline.quick());
        Job job = drawing.queue().submit(TestBoards.durable("a house", 7).withCount(3), ALICE);

        TestBoards.awaitEnd(job);
        Job seen = asked.queue().find(job.id()).orElseThrow();
        TestBoards.awaitEnd(seen);

        assertThat(seen.status().state(), is(JobState.SUCCEEDED));
        assertThat(seen.status().images(), hasSize(3));
        TestFleet.await("the events did not arrive", () -> ids(seen).equals(ids(job)));
        byte[] image =
                given().get(asked.url() + "/v1/jobs/" + job.id() + "/images/2").asByteArray();
        assertThat(image[0], is((byte) 9));
    }

    @Test
    void aJobIsCancelledFromABoardThatDoesNotDrawIt() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer drawing = boards.board(nats.url(), FakePipeline.gated());
        Job job = drawing.queue().submit(TestBoards.durable("a house", 7), ALICE);
        drawing.pipeline.awaitStart();
        TestServer asked = boards.board(nats.url(), FakePipeline.gated());

        assertThat(asked.queue().cancel(asked.queue().find(job.id()).orElseThrow()), is(true));

        TestBoards.awaitEnd(job);
        assertThat(job.state(), is(JobState.CANCELLED));
        Job next = drawing.queue().submit(TestBoards.durable("next", 8), ALICE);
        drawing.pipeline.allow(1);
        asked.pipeline.allow(1);
        TestBoards.awaitEnd(next);
        assertThat(next.state(), is(JobState.SUCCEEDED));
    }

    @Test
    void nothingIsLostWhenNatsIsKilledAndStartedAgain() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer one = boards.board(nats.url(), FakePipeline.gated());
        TestServer other = boards.board(nats.url(), FakePipeline.gated());
        List<Job> jobs = new ArrayList<>();
        for (int seed = 0; seed < 4; seed++) {
            jobs.add(one.queue().submit(TestBoards.durable("house", seed), ALICE));
        }
        one.pipeline.awaitStart();

        nats.kill();
        TestFleet.await("the board is ready without NATS", () -> one.queue().obstacle().isPresent());
        given().get(one.url() + "/health/ready")
                .then()
                .statusCode(503)
                .body("error.message", containsString("cannot be reached"));
        given().contentType("application/json").body("{\"prompt\":\"a house\"}").post(one.url() + "/v1/jobs").then().statusCode(503);
        nats.start();
        one.pipeline.allow(1000);
        other.pipeline.allow(1000);

        for (Job job : jobs) {
            TestBoards.awaitEnd(job);
            assertThat(job.state(), is(JobState.SUCCEEDED));
        }
    }

    @Test
    void whatADeadBoardBeganIsDrawnByAnother() throws Exception {
        NatsProcess nats = boards.nats();
        Process dying = JavaProcess.start(
                FleetBoard.class, nats.url(), folder.resolve("dying").toString());
        boards.keep(dying::destroyForcibly);
        String id = dying.inputReader().lines().filter(line -> line.startsWith("job_")).findFirst().orElseThrow();
        dying.destroyForcibly().waitFor();

        TestServer living = boards.board(nats.url(), FakePipeline.quick());
        Job job = living.queue().find(id).orElseThrow();
        TestBoards.awaitEnd(job);

        assertThat(job.state(), is(JobState.SUCCEEDED));
        assertThat(job.status().images(), hasSize(2));
    }

    @Test
    void clientsTakeTurnsAndOneIdempotencyKeyIsOneJobForAllBoards() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer one = boards.board(nats.url(), FakePipeline.quick());
        TestServer other = boards.board(nats.url(), FakePipeline.quick());
        Set<String> ids = new HashSet<>();
        for (TestServer server : List.of(one, other)) {
            ids.add(given().contentType("application/json").header("Idempotency-Key", "k")
                    .body("{\"prompt\":\"a house\"}")
                    .post(server.url() + "/v1/jobs")
                    .path("id"));
        }
        assertThat(ids, hasSize(1));
        given().contentType("application/json").header("Idempotency-Key", "k")
                .body("{\"prompt\":\"another\"}")
                .post(other.url() + "/v1/jobs")
                .then()
                .statusCode(422);
    }

    @Test
    void aForeignMessageOnTheFleetsSubjectsHarmsNothing() throws Exception {
        NatsProcess nats = boards.nats();
        TestServer server = boards.board(nats.url(), FakePipeline.quick());
        try (Connection foreign = Nats.connect(nats.url())) {
            byte[] noise = "not json".getBytes(StandardCharsets.UTF_8);
            foreign.publish("$KV.md_live.job_x", noise);
            foreign.publish("$KV.md_boards.board.x", noise);
            foreign.publish("md.event.job_x", noise);
            foreign.publish("md.work.a.b.job_x", noise);
            foreign.flush(Duration.ofSeconds(5));
        }
        Job job = server.queue().submit(TestBoards.durable("a house", 7), ALICE);
        TestBoards.awaitEnd(job);
        assertThat(job.state(), is(JobState.SUCCEEDED));
    }

    @Test
    void aNatsWithoutJetStreamIsNamedAndSoIsOneThatIsAbsent() throws Exception {
        NatsProcess plain = boards.keep(NatsProcess.startPlain());
        TestServer server = start(plain.url(), FleetOptions.Offline.REFUSE);
        TestBoards.awaitObstacle(server, "runs without JetStream: start it with -js");
    }

    @Test
    void withoutNatsABoardDrawsForWaitingClientsWhereItsOwnerAllowsIt() {
        TestServer server = start("nats://127.0.0.1:1", FleetOptions.Offline.DRAW);
        given().contentType("application/json").body("{\"prompt\":\"a house\"}")
                .post(server.url() + "/v1/images/generations")
                .then()
                .statusCode(200)
                .body("data", hasSize(1));
        given().contentType("application/json").body("{\"prompt\":\"a house\"}")
                .post(server.url() + "/v1/jobs")
                .then()
                .statusCode(503)
                .body("error.message", containsString("without its fleet"));
    }

    private TestServer start(String url, FleetOptions.Offline offline) {
        FleetOptions options = new FleetOptions(
                List.of(url),
                Optional.empty(),
                offline,
                "alone",
                Duration.ofSeconds(2),
                Duration.ofDays(1),
                OptionalInt.empty());
        return boards.start(options, FakePipeline.quick(), Map.of());
    }

    private static List<Long> ids(Job job) {
        return job.eventsAfter(0).stream().map(JobEvent::id).toList();
    }
}
