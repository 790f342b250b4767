package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.nats.ClusterConfiguration;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.JoinCode;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The cluster that {@code fleet init --cluster} writes, on three of this machine's addresses. */
final class ClusterTlsTest {

    private static final List<String> HOSTS = List.of("127.0.0.1", "127.0.0.2", "127.0.0.3");
    private static final String STRANGER = "127.0.0.4";

    @TempDir
    private Path folder;

    @RegisterExtension
    private final TestBoards boards = new TestBoards(() -> folder);

    private final int port = NatsProcess.freePort();
    private final int routes = port + 2000;
    private final int monitor = NatsProcess.freePort();

    @Test
    void boardsJoinByOneCodeAndAnyServerMayDie() throws Exception {
        JoinCode code = ClusterConfiguration.make(folder.resolve("nats"), "test", HOSTS, port);
        List<NatsProcess> cluster = new ArrayList<>();
        for (String host : HOSTS) {
            cluster.add(start(host, "nats"));
        }
        Path file = folder.resolve("code");
        JoinCode.parse(code.text()).write(file);
        FleetOptions looking = FleetOptions.of(code.server(), Optional.of(file));
        TestServer board = boards.start(withBoard(looking, "early"), FakePipeline.quick(), Map.of());
        TestFleet.awaitReady(board.queue());
        draw(board);

        cluster.getFirst().kill();

        TestServer late = boards.start(withBoard(looking, "late"), FakePipeline.quick(), Map.of());
        TestFleet.awaitReady(late.queue());
        draw(late);
    }

    @Test
    void aServerWithoutACertificateOfTheAuthorityIsRefused() throws Exception {
        var unused = ClusterConfiguration.make(folder.resolve("nats"), "test", HOSTS, port);
        for (String host : HOSTS) {
            start(host, "nats");
        }
        TestFleet.await("the three know each other", () -> neighbours(HOSTS.getFirst()).size() == 2);

        Path plain = Files.createDirectories(folder.resolve("plain"));
        Files.writeString(
                plain.resolve("nats.conf"),
                "server_name: plain\ncluster { name: fleet, routes: [\"nats-route://127.0.0.1:%s\"] }\n"
                        .formatted(routes));
        start(STRANGER, plain);
        awaitLog(HOSTS.getFirst(), "TLS route handshake error");
        var unusedOther = ClusterConfiguration.make(folder.resolve("other"), "test", HOSTS, port);
        start("127.0.0.5", folder.resolve("other/cluster/127.0.0.1"));
        awaitLog("127.0.0.5", "certificate signed by unknown authority");

        assertThat(neighbours(STRANGER), is(empty()));
        assertThat(neighbours("127.0.0.5"), is(empty()));
        assertThat(neighbours(HOSTS.getFirst()), containsInAnyOrder(id("127.0.0.2"), id("127.0.0.3")));
    }

    @Test
    void aClusterOfAFleetThatIsThereKeepsItsKeyAndItsAuthority() throws Exception {
        JoinCode first = ClusterConfiguration.make(folder.resolve("nats"), "test", HOSTS, port);
        JoinCode again = ClusterConfiguration.make(
                folder.resolve("nats"), "test", List.of("10.0.0.1", "[fd00::2]", "three.local"), 4222);

        assertThat(again.seed(), is(first.seed()));
        assertThat(again.authority(), is(first.authority()));
        assertThat(again.server(), is("tls://10.0.0.1:4222,tls://[fd00::2]:4222,tls://three.local:4222"));
        assertThat(
                message(List.of("10.0.0.1", "10.0.0.2", "nats.example.org")),
                is("the root certificate in %s is not for nats.example.org; move that folder away to make another"
                        .formatted(folder.resolve("nats/tls"))));
        assertThat(message(List.of("10.0.0.1", "10.0.0.2")), is("cluster must name 3 or 5 hosts, got 2"));
        assertThat(message(List.of("a", "b", "a")), is("cluster must name each host once, got \"a,b,a\""));
        assertThat(
                message(List.of("a", "b", "c d")),
                is("cluster must be a name or an address, IPv6 in brackets, got \"c d\""));
    }

    private String message(List<String> hosts) {
        return assertThrows(
                        RuntimeException.class,
                        () -> ClusterConfiguration.make(folder.resolve("nats"), "test", hosts, port))
                .getMessage();
    }

    /** The server of {@code host}, with the monitoring that tells its routes. */
    private NatsProcess start(String host, String made) {
        return start(host, ClusterConfiguration.folder(folder.resolve(made), host));
    }

    private NatsProcess start(String host, Path in) {
        return boards.keep(NatsProcess.startIn(
                in,
                host,
                port,
                List.of(
                        "--cluster_listen",
                        "nats://%s:%s".formatted(host, routes),
                        "-m",
                        Integer.toString(monitor),
                        "-l",
                        folder.resolve(host + ".log").toString())));
    }

    private void awaitLog(String host, String text) {
        TestFleet.await("%s did not say %s".formatted(host, text), () -> log(host).contains(text));
    }

    private String log(String host) {
        try {
            return Files.readString(folder.resolve(host + ".log"));
        } catch (IOException notYet) {
            return "";
        }
    }

    /** The servers that one has routes to, by their identities. */
    private List<String> neighbours(String host) {
        return routez(host).path("routes.remote_id");
    }

    private String id(String host) {
        return routez(host).path("server_id");
    }

    private Response routez(String host) {
        return RestAssured.given().get("http://%s:%s/routez".formatted(host, monitor));
    }

    private static FleetOptions withBoard(FleetOptions options, String board) {
        return new FleetOptions(
                options.servers(),
                options.credentials(),
                options.offline(),
                board,
                Duration.ofSeconds(2),
                options.keepFor(),
                OptionalInt.empty());
    }

    private static void draw(TestServer board) throws InterruptedException {
        Job job = board.queue().submit(TestBoards.durable("a house", 7), ClientId.ofKey("alice"));
        TestBoards.awaitEnd(job);
        assertThat(job.state(), is(JobState.SUCCEEDED));
    }
}
