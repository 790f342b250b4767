package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.settings.Setting;
import dev.mobilediffusion.server.settings.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code serve} refuses; that it serves and ends well is the matter of {@code StopTest}. */
final class ServeCommandTest {

    @TempDir
    private Path folder;

    @Test
    void refusesPortsAndCapacitiesOutOfRange() {
        assertRefused(serve("--port", 65_536), "--port must be in [0, 65535], got 65536");
        assertRefused(serve("--port", "http"), "--port must be a whole number, got \"http\"");
        assertRefused(serve("--queue-capacity", 0), "--queue-capacity must be in [1, 10000], got 0");
    }

    @Test
    void refusesTwoWaysToSayWhoMayCome() {
        assertRefused(serve("--lan", "--host", "127.0.0.1"), "--host and lan exclude each other, give one of them");
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
    void everySettingIsAFlagWithTheHelpOfItsDeclaration() {
        List<String> help = serve("--help").out();

        for (Setting setting : Settings.ALL) {
            assertThat(help.toString(), containsString(setting.flag()));
        }
    }

    @Test
    void aFilesValueIsHeldAgainstItsBounds() throws IOException {
        Path file = folder.resolve("server.conf");
        Files.writeString(file, "# who may come\n\nport = 70000\n");

        assertRefused(serve("--config", file), file + ", line 3: port must be in [0, 65535], got 70000");
        Files.writeString(file, "tls = perhaps\n");
        assertRefused(serve("--config", file), file + ", line 1: tls must be true or false, got \"perhaps\"");
    }

    @Test
    void theFileNamesTheModelsAndAFlagAnotherModel() throws IOException {
        Path file = folder.resolve("server.conf");
        Files.writeString(file, "models = %s\nmodel = huge\n".formatted(CommandLineRun.MODELS));

        assertThat(
                serve("--config", file, "--port", 0).err(),
                contains(containsString("there is no model 'huge' in " + CommandLineRun.MODELS)));
        assertThat(
                serve("--config", file, "--port", 0, "--model", "larger").err(),
                contains(containsString("there is no model 'larger' in " + CommandLineRun.MODELS)));
    }

    @Test
    void whatAFileHasWrongIsNamedByFileAndLine() throws IOException {
        Path file = folder.resolve("server.conf");

        assertRefused(serve("--config", file), file + " is missing");
        Files.writeString(file, "\nprot = 80\n");
        assertRefused(serve("--config", file), file + ", line 2: unknown setting prot; did you mean port?");
        Files.writeString(file, "port 80\n");
        assertRefused(serve("--config", file), file + ", line 1: must be such as queue-capacity = 16, got \"port 80\"");
        Files.writeString(file, "port=80\nport=81\n");
        assertRefused(serve("--config", file), file + ", line 2: port is set twice");
        Files.write(file, new byte[] {(byte) 0xff, 'a'});
        assertRefused(serve("--config", file), file + " is not UTF-8 text");
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
