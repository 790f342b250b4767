package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code serve} refuses; that it serves and ends well is the matter of {@code StopTest}. */
final class ServeCommandTest {

    @TempDir
    private Path folder;

    @Test
    void refusesPortsAndCapacitiesOutOfRange() {
        assertRefused(serve("--port", 65_536), "--port must be a whole number in [0, 65535], got '65536'");
        assertRefused(serve("--port", "http"), "--port must be a whole number in [0, 65535], got 'http'");
        assertRefused(serve("--queue-capacity", 0), "--queue-capacity must be a whole number in [1, 10000], got '0'");
    }

    @Test
    void refusesTwoWaysToSayWhoMayCome() {
        assertRefused(serve("--lan", "--host", "127.0.0.1"), "--host=H, --lan exclude each other, give one of them");
    }

    @Test
    void refusesAnEmptyHost() {
        assertRefused(serve("--host", ""), "--host must not be empty");
    }

    @Test
    void namesThePortThatIsInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CommandLineRun run = serve("--port", taken.getLocalPort(), "--models", CommandLineRun.MODELS);

            assertThat(run.exitCode(), is(1));
            assertThat(run.out(), is(empty()));
            assertThat(
                    run.err(),
                    contains(startsWith(
                            "mobilediffusion: cannot listen at 127.0.0.1 port %d".formatted(taken.getLocalPort()))));
        }
    }

    @Test
    void namesTheModelsThatThereAre() {
        CommandLineRun run = serve("--port", 0, "--models", CommandLineRun.MODELS, "--model", "huge");

        assertThat(run.exitCode(), is(1));
        assertThat(run.err(), contains(containsString("there is no model 'huge' in")));
    }

    @Test
    void listsEverySetting() {
        CommandLineRun run = serve("--settings");

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), hasItem(startsWith("queue-capacity ")));
        assertThat(run.out(), hasItem(startsWith("grace-period ")));
    }

    private CommandLineRun serve(Object... arguments) {
        Object[] words = new Object[arguments.length + 3];
        System.arraycopy(new Object[] {"serve", "--data", folder.resolve("data")}, 0, words, 0, 3);
        System.arraycopy(arguments, 0, words, 3, arguments.length);
        return CommandLineRun.of(words);
    }

    private static void assertRefused(CommandLineRun run, String sentence) {
        assertThat(run.exitCode(), is(2));
        assertThat(run.out(), is(empty()));
        assertThat(run.err(), contains("mobilediffusion: %s; see 'mobilediffusion serve --help'".formatted(sentence)));
    }
}
