package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;

import dev.mobilediffusion.server.NatsProcess;
import dev.mobilediffusion.server.discovery.Advertisement;
import dev.mobilediffusion.server.nats.JoinCode;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fleet join}, with a real NATS that a board tells of by mDNS. */
final class FleetJoinTest {

    @TempDir
    private Path folder;

    private final int port = NatsProcess.freePort();

    /** NATS and who tells of it, the last first. */
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @AfterEach
    void end() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    @Test
    void anOpenFleetOfThisNetworkNeedsNoCode() {
        NatsProcess nats = NatsProcess.start(folder.resolve("nats"), "-a", "0.0.0.0");
        open.push(nats);
        tell(nats.url());

        CommandLineRun joined = fleet("board", "join");

        assertThat(joined.err(), contains(matchesPattern("the fleet at nats:\\S+ answers, .*")));
        assertThat(joined.out(), contains(matchesPattern("--queue nats://[0-9.]+:" + nats.url().split(":", -1)[2])));
        assertThat(joined.exitCode(), is(0));
    }

    @Test
    void aFleetWithACodeIsFoundAgainWhereverItMoves() throws Exception {
        JoinCode code = JoinCode.parse(init("owner"));
        start("owner", port);
        tell("tls://127.0.0.1:" + port);
        CommandLineRun stranger = fleet("board", "join");
        assertThat(stranger.exitCode(), is(1));
        assertThat(stranger.out(), is(empty()));
        assertThat(
                stranger.err().getFirst(),
                containsString("lets in who has its code, which is never told on the network: 'fleet init'"));
        assertThat(fleet("board", "join", code.text()).exitCode(), is(0));

        end();
        int moved = NatsProcess.freePort();
        start("owner", moved);
        tell("tls://127.0.0.1:" + moved);

        CommandLineRun again = fleet("board", "join");
        assertThat(again.err().toString(), again.exitCode(), is(0));
        assertThat(
                again.out(),
                contains(matchesPattern(
                        "--queue tls://[0-9.]+:%s --queue-credentials \\S+/fleet-code".formatted(moved))));
    }

    @Test
    void aCodeIsShownToNoOtherNats() throws Exception {
        String code = init("owner");
        start("owner", port);
        assertThat(fleet("board", "join", code).exitCode(), is(0));
        end();
        assertThat(init("liar"), not(code));
        start("liar", port);
        tell("tls://127.0.0.1:" + port);

        CommandLineRun fooled = fleet("board", "join");

        assertThat(fooled.exitCode(), is(1));
        assertThat(
                fooled.err().getFirst(),
                containsString("NATS is not the one of the join code: another authority vouches for it"));
    }

    private String init(String owner) {
        return fleet(owner, "init", "--host", "127.0.0.1", "--port", port).out().getFirst();
    }

    /** The NATS that {@code fleet init} wrote, at any port. */
    private void start(String owner, int at) {
        open.push(NatsProcess.startIn(folder.resolve(owner).resolve("nats"), "0.0.0.0", at, List.of()));
    }

    private CommandLineRun fleet(String data, Object... words) {
        Object[] all = new Object[words.length + 3];
        all[0] = "fleet";
        System.arraycopy(words, 0, all, 1, words.length);
        all[words.length + 1] = "--data";
        all[words.length + 2] = folder.resolve(data);
        return CommandLineRun.of(all);
    }

    private void tell(String server) {
        open.push(Advertisement.start(new Advertisement.Service(
                "A board " + ProcessHandle.current().pid(), 8123, 8133, false, "fake", "0", Optional.of(server))));
    }
}
