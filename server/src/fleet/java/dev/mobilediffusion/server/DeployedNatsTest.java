package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;

import dev.mobilediffusion.server.cli.MobileDiffusion;
import dev.mobilediffusion.server.generation.ClientId;
import dev.mobilediffusion.server.job.Job;
import dev.mobilediffusion.server.job.JobState;
import dev.mobilediffusion.server.security.CertificateNames;
import dev.mobilediffusion.server.security.Certificates;
import io.nats.client.Connection;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The configurations in {@code deploy/nats}, as they are, with boards and jobs. */
final class DeployedNatsTest {

    private static final ClientId ALICE = ClientId.ofKey("alice");
    private static final Path DEPLOY = Path.of("..", "deploy", "nats");

    @TempDir
    private Path folder;

    @RegisterExtension
    private final TestBoards boards = new TestBoards(() -> folder);

    @Test
    void aSingleServerKeepsOneCopyAndLetsNobodyInWithoutItsPassword() throws Exception {
        NatsProcess nats = start("single", Map.of());
        TestServer board = boards.board(url(nats), FakePipeline.quick());

        draw(board, 7);

        assertThat(copies(url(nats)), is(List.of(1)));
        TestBoards.awaitObstacle(
                boards.start(boards.options(nats.url()), FakePipeline.quick(), Map.of()), "does not accept this board's");
        TestBoards.awaitObstacle(
                boards.start(boards.options(url(nats), OptionalInt.of(3)), FakePipeline.quick(), Map.of()),
                "fleet-replicas is 3, and NATS is a single server");
    }

    @Test
    void aClusterOutlivesAnyOneOfItsThree() throws Exception {
        List<NatsProcess> cluster = cluster();
        assertThat("says nothing before a handshake", firstLine(routePorts.getFirst()), is(nullValue()));
        assertThat(firstLine(leafPorts.getFirst()), containsString("\"tls_required\":true"));
        String all = cluster.stream().map(DeployedNatsTest::url).collect(Collectors.joining(","));
        TestServer gated = boards.board(all, FakePipeline.gated());
        assertThat(copies(url(cluster.get(0))), is(List.of(3)));
        Job begun = gated.queue().submit(TestBoards.durable("begun", 1), ALICE);
        gated.pipeline.awaitStart();

        cluster.get(0).kill();
        gated.pipeline.allow(1000);

        TestBoards.awaitEnd(begun);
        assertThat(begun.state(), is(JobState.SUCCEEDED));
        TestServer late = boards.board(all, FakePipeline.quick());
        draw(late, 2);
    }

    @Test
    void boardsOfASiteShareTheClustersQueueThroughTheirLeaf() throws Exception {
        List<NatsProcess> cluster = cluster();
        TestServer central = boards.board(url(cluster.get(1)), FakePipeline.gated());
        NatsProcess leaf = start("leaf", hubs);
        TestServer far = boards.board(url(leaf), FakePipeline.quick());

        Job job = central.queue().submit(TestBoards.durable("far away", 3).withCount(4), ALICE);
        central.pipeline.allow(1000);
        TestBoards.awaitEnd(job);

        Job seen = far.queue().find(job.id()).orElseThrow();
        TestBoards.awaitEnd(seen);
        assertThat(seen.status().images(), hasSize(4));
        assertThat(seen.status().state(), is(JobState.SUCCEEDED));
        draw(far, 5);
    }

    @Test
    void aSingleServerBecomesAClusterThatDrawsWhatWasAccepted() throws Exception {
        NatsProcess single = start("single", Map.of());
        List<NatsProcess> cluster = cluster();
        String all = cluster.stream().map(DeployedNatsTest::url).collect(Collectors.joining(","));
        String drawn;
        List<String> waiting;
        try (TestServer before = TestServer.start(
                TestServer.config(folder.resolve("before")).withFleet(boards.options(url(single))),
                FakePipeline.gated())) {
            TestFleet.awaitReady(before.queue());
            Job first = before.queue().submit(TestBoards.durable("drawn before", 1), ALICE);
            before.pipeline.allow(1);
            TestBoards.awaitEnd(first);
            drawn = first.id();
            waiting = List.of(
                    before.queue().submit(TestBoards.durable("begun", 2), ALICE).id(),
                    before.queue().submit(TestBoards.durable("waits", 3).withCount(8), ALICE).id());
            before.pipeline.awaitStart();
            assertThat(fill(single, all), containsString("stop these boards first, they use the other NATS: board1"));
        }

        long left = works(single);
        assertThat(left, greaterThan(0L));
        String said = fill(single, all);
        for (int tries = 0; tries < 40 && said.contains("stop these boards first"); tries++) {
            said = fill(single, all);
        }

        assertThat(said, containsString(left + " pictures wait in the fleet's NATS now"));
        assertThat(copies(url(cluster.get(1))), is(List.of(3)));
        assertThat(fill(single, all), containsString("the fleet's NATS already holds"));
        cluster.get(2).kill();
        TestServer after = boards.board(all, FakePipeline.quick());
        for (String id : waiting) {
            Job job = after.queue().find(id).orElseThrow();
            TestBoards.awaitEnd(job);
            assertThat(job.state(), is(JobState.SUCCEEDED));
        }
        Job kept = after.queue().find(drawn).orElseThrow();
        assertThat(kept.status().images().getFirst().bytes().length > 0, is(true));
    }

    private static long works(NatsProcess nats) throws Exception {
        try (Connection owner = Nats.connect(url(nats))) {
            return owner.jetStreamManagement()
                    .getStreamInfo("MD_WORK")
                    .getStreamState()
                    .getMsgCount();
        }
    }

    /** What {@code fleet fill} says. */
    private String fill(NatsProcess from, String to) {
        try {
            String data = folder.resolve("owner").toString();
            Process filling = JavaProcess.builder(
                            MobileDiffusion.class, "fleet", "fill", url(from), "--queue", to, "--data", data)
                    .redirectErrorStream(true)
                    .start();
            return new String(filling.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where a leaf node finds the cluster. */
    private final Map<String, String> hubs = new HashMap<>();

    /** Of the cluster's three. */
    private final List<Integer> routePorts =
            IntStream.range(0, 3).mapToObj(node -> NatsProcess.freePort()).toList();

    private final List<Integer> leafPorts =
            IntStream.range(0, 3).mapToObj(node -> NatsProcess.freePort()).toList();

    /** What NATS says to whoever connects and says nothing; null where it hangs up. */
    private static String firstLine(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                    .readLine();
        }
    }

    private List<NatsProcess> cluster() throws IOException {
        Path tls = folder.resolve("tls");
        var unused = Certificates.issue(
                folder.resolve("authority"), "test", Map.of(tls, CertificateNames.of("127.0.0.1")), Clock.systemUTC());
        String authority = tls.resolve("root.pem").toString();
        Map<String, String> routes = new HashMap<>();
        for (int node = 1; node <= 3; node++) {
            routes.put("NATS_ROUTE_" + node, "nats-route://cluster:routes@127.0.0.1:" + routePorts.get(node - 1));
        }
        List<NatsProcess> cluster = new ArrayList<>();
        for (int node = 1; node <= 3; node++) {
            int leaves = leafPorts.get(node - 1);
            Map<String, String> variables = new HashMap<>(routes);
            variables.put("NATS_NAME", "node" + node);
            variables.put("NATS_ROUTES_LISTEN", "127.0.0.1:" + routePorts.get(node - 1));
            variables.put("CLUSTER_PASSWORD", "routes");
            variables.put("NATS_LEAVES_LISTEN", "127.0.0.1:" + leaves);
            variables.put("SITE_PASSWORD", "site");
            variables.put("NATS_CERT", tls.resolve("server.pem").toString());
            variables.put("NATS_KEY", tls.resolve("server-key.pem").toString());
            variables.put("NATS_CA", authority);
            hubs.put("NATS_HUB_" + node, "tls://site:site@127.0.0.1:" + leaves);
            cluster.add(start("cluster", variables));
        }
        hubs.put("NATS_NAME", "leaf");
        hubs.put("NATS_CA", authority);
        return cluster;
    }

    private NatsProcess start(String name, Map<String, String> variables) throws IOException {
        Map<String, String> all = new HashMap<>(variables);
        all.put("NATS_LISTEN", "127.0.0.1:" + NatsProcess.freePort());
        all.put("NATS_STORE", Files.createTempDirectory(folder, name).toString());
        all.put("FLEET_PASSWORD", "secret");
        return boards.keep(NatsProcess.startConfigured(DEPLOY.resolve(name + ".conf"), all));
    }

    private static String url(NatsProcess nats) {
        return nats.url().replace("://", "://board:secret@");
    }

    private static void draw(TestServer board, long seed) throws InterruptedException {
        Job job = board.queue().submit(TestBoards.durable("a house", seed), ALICE);
        TestBoards.awaitEnd(job);
        assertThat(job.state(), is(JobState.SUCCEEDED));
        assertThat(job.status().images().getFirst().bytes().length > 0, is(true));
    }

    /** In how many copies NATS keeps things, each number once. */
    private static List<Integer> copies(String url) throws Exception {
        TreeSet<Integer> found = new TreeSet<>();
        try (Connection nats = Nats.connect(url)) {
            JetStreamManagement management = nats.jetStreamManagement();
            for (String stream : management.getStreamNames()) {
                found.add(management.getStreamInfo(stream).getConfiguration().getReplicas());
            }
        }
        return List.copyOf(found);
    }
}
