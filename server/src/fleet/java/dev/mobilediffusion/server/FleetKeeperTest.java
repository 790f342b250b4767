package dev.mobilediffusion.server;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.fleet.FleetAdmin;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.nats.JoinCode;
import dev.mobilediffusion.server.nats.NatsConfiguration;
import dev.mobilediffusion.server.security.CertificateNames;
import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.api.StreamConfiguration;
import io.restassured.response.Response;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What the owner of a fleet does and sees, on a real NATS: joining, draining, and what is wrong with a NATS. */
final class FleetKeeperTest {

    @TempDir
    private Path folder;

    @RegisterExtension
    private final TestBoards boards = new TestBoards(() -> folder);

    @Test
    void aBoardJoinsByCodeAndItsKeyOpensNothingElse() throws Exception {
        boards.keep(NatsProcess.startConfigured(port -> fleet("nats", port), folder.resolve("nats/nats.conf")));
        Path file = folder.resolve("code");
        JoinCode code = JoinCode.read(folder.resolve("nats/join-code"));
        code.write(file);

        FleetOptions options = options(code.server(), Optional.of(file), "joined");
        TestServer board = start(options);
        TestFleet.awaitReady(board.queue());
        Job job = board.queue().submit(TestBoards.durable("a house", 7), ClientId.ofKey("alice"));
        assertThat(job.awaitFinished(Duration.ofSeconds(60)), is(true));
        assertThat(job.state(), is(JobState.SUCCEEDED));
        given().get(board.url() + "/v1/jobs/" + job.id() + "/images/0").then().statusCode(200);

        TestServer stranger = start(options(code.server(), Optional.empty(), "stranger"));
        TestBoards.awaitObstacle(stranger, "cannot be reached");
        JoinCode other = fleet("other", 4222);
        Path wrong = folder.resolve("other-code");
        new JoinCode(code.server(), other.seed(), code.authority()).write(wrong);
        TestBoards.awaitObstacle(start(options(code.server(), Optional.of(wrong), "wrong")), "does not accept this board's credentials");
        new JoinCode(code.server(), code.seed(), other.authority()).write(wrong);
        TestBoards.awaitObstacle(start(options(code.server(), Optional.of(wrong), "fooled")), "another authority vouches for it");
        TestBoards.awaitObstacle(
                start(options(code.server(), Optional.of(folder.resolve("no-file")), "absent")), "no-file is not there");
    }

    @Test
    void aDrainedBoardAnswersAndDrawsNothing() throws Exception {
        NatsProcess nats = boards.nats();
        FleetOptions options = options(nats.url(), Optional.empty(), "one");
        TestServer one = start(options);
        TestServer other = start(options(nats.url(), Optional.empty(), "two"));
        TestFleet.awaitReady(one.queue());
        TestFleet.awaitReady(other.queue());
        try (FleetAdmin admin = FleetAdmin.connect(options)) {
            TestFleet.await("both boards are seen", () -> admin.boards().size() == 2);
            admin.rest("one", true);
            TestFleet.await("it is drained", () -> one.queue().boards().getFirst().resting());

            int before = one.pipeline.finished().size();
            Job job = one.queue().submit(TestBoards.durable("a house", 7), ClientId.ofKey("alice"));
            assertThat(job.awaitFinished(Duration.ofSeconds(60)), is(true));
            assertThat(one.pipeline.finished(), hasSize(before));
            given().get(one.url() + "/v1/server")
                    .then()
                    .statusCode(200)
                    .body("boards.name", contains("one", "two"))
                    .body("boards.drained", contains(true, false));
            given().get(other.url() + "/metrics")
                    .then()
                    .body(containsString("mobilediffusion_fleet_board_drained{board=\"one\"} 1.0"))
                    .body(containsString("mobilediffusion_fleet_board_drained{board=\"two\"} 0.0"));
            admin.rest("one", false);
            TestFleet.await("it draws again", () -> !one.queue().boards().getFirst().resting());
        }
    }

    @Test
    void whatIsWrongWithANatsIsToldInASentence() throws Exception {
        NatsProcess nats = boards.nats();
        try (Connection foreign = Nats.connect(nats.url())) {
            foreign.jetStreamManagement()
                    .addStream(StreamConfiguration.builder()
                            .name("MD_WORK")
                            .subjects("md.work.*.*.*")
                            .description("mobilediffusion schema 99")
                            .build());
        }
        TestBoards.awaitObstacle(start(options(nats.url(), Optional.empty(), "old")), "update this board");
        NatsProcess narrow = boards.configured(
                """
                jetstream { store_dir: "%s" }
                authorization { users: [ { user: u, password: p, permissions { publish: "x.>", subscribe: "_INBOX.>" } } ] }
                """);
        TestBoards.awaitObstacle(
                start(options(narrow.url().replace("://", "://u:p@"), Optional.empty(), "narrow")),
                "does not permit this board");
        TestBoards.awaitObstacle(
                start(options(narrow.url().replace("://", "://u:wrong@"), Optional.empty(), "wrong")),
                "does not accept this board's credentials");
    }

    @Test
    void aFullNatsRefusesJobsAndKeepsThoseThatItHas() throws Exception {
        NatsProcess nats = boards.configured("jetstream { store_dir: \"%s\", max_file_store: 6144 }\n");
        TestServer board = boards.board(nats.url(), FakePipeline.gated());
        String body = "{\"prompt\":\"%s\"}".formatted("a house ".repeat(100));
        List<String> accepted = new ArrayList<>();
        Response last = submit(board, body);
        while (last.statusCode() == 202 && accepted.size() < 60) {
            accepted.add(last.path("id"));
            last = submit(board, body);
        }

        assertThat(last.asString(), containsString("the fleet's NATS has no room left"));
        assertThat(last.statusCode(), is(507));
        for (String id : accepted) {
            given().get(board.url() + "/v1/jobs/" + id).then().statusCode(200);
        }
    }

    private static Response submit(TestServer board, String body) {
        return given().contentType("application/json").body(body).post(board.url() + "/v1/jobs");
    }

    private JoinCode fleet(String name, int port) throws IOException {
        CertificateNames names = new CertificateNames(Set.of("localhost"), Set.of(InetAddress.getLoopbackAddress()));
        return NatsConfiguration.make(folder.resolve(name), "test", names, "127.0.0.1", port);
    }

    private TestServer start(FleetOptions options) {
        return boards.start(options, FakePipeline.quick(), Map.of());
    }

    private static FleetOptions options(String url, Optional<Path> credentials, String board) {
        return new FleetOptions(
                List.of(url),
                credentials,
                FleetOptions.Offline.REFUSE,
                board,
                Duration.ofSeconds(2),
                Duration.ofDays(1),
                OptionalInt.empty());
    }
}
