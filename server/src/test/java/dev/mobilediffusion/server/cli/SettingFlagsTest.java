package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.settings.Setting;
import dev.mobilediffusion.server.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same file of settings for every command. */
final class SettingFlagsTest {

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("server.conf");
        Files.writeString(file, """
            port = 9090
            data = %s
            models = %s
            model = tiny-flow
            """.formatted(folder.resolve("data"), CommandLineRun.MODELS));
    }

    @Test
    void keysAreThoseOfTheDataFolderThatTheFileNames() {
        assertThat(CommandLineRun.of("keys", "add", "phone", "--config", file).exitCode(), is(0));

        assertThat(Files.exists(folder.resolve("data/keys.json")), is(true));
        assertThat(CommandLineRun.of("keys", "list", "--config", file).out(), contains(startsWith("phone ")));
        assertThat(
                CommandLineRun.of("keys", "list", "--config", file, "--data", folder.resolve("other"))
                        .out()
                        .isEmpty(),
                is(true));
    }

    @Test
    void imagesAreDrawnByTheModelThatTheFileNames() {
        CommandLineRun drawn = CommandLineRun.of(
                "generate", "a house", "--config", file, "--out", folder.resolve("house.png"), "--seed", 1);
        assertThat(drawn.err().toString(), drawn.exitCode(), is(0));

        CommandLineRun measured = CommandLineRun.of("bench", "--config", file, "--runs", 1);
        assertThat(measured.err().toString(), measured.exitCode(), is(0));
        assertThat(CommandLineRun.of("models", "list", "--config", file).out(), hasItem(containsString("tiny-flow")));
    }

    @Test
    void whatACommandDoesNotFollowIsLeftAlone() throws IOException {
        Files.writeString(file, "port = 70000\n", StandardOpenOption.APPEND);
        Files.writeString(file, Files.readString(file).replaceFirst("port = 9090\n", ""));

        assertThat(CommandLineRun.of("keys", "list", "--config", file).exitCode(), is(0));
    }

    @Test
    void wrongValuesAreNamedByFileLineAndKey() throws IOException {
        Files.writeString(file, "memory = huge\nthreads = 1000\n");

        for (String command : List.of("generate", "bench")) {
            List<String> err = (command.equals("bench")
                            ? CommandLineRun.of("bench", "--config", file)
                            : CommandLineRun.of("generate", "a", "--config", file))
                    .err();
            assertThat(err, hasItem(startsWith("mobilediffusion: " + file + ", line 1: memory must be")));
        }
        Files.writeString(file, "\nthreads = 1000\n");
        assertThat(
                CommandLineRun.of("bench", "--config", file).err(),
                hasItem(startsWith("mobilediffusion: " + file + ", line 2: threads must be in [0, 256], got 1000")));
    }

    @Test
    void aFlagsHelpIsThatOfItsDeclarationInEveryCommand() {
        Setting models = Settings.ALL.stream()
                .filter(setting -> setting.key().equals("models"))
                .findFirst()
                .orElseThrow();
        for (List<String> command : List.of(
                List.of("serve"),
                List.of("generate"),
                List.of("bench"),
                List.of("models", "list"),
                List.of("doctor"))) {
            String help =
                    String.join(" ", CommandLineRun.of(words(command)).out()).replaceAll("\\s+", " ");

            assertThat(help, containsString(models.flag()));
            assertThat(help, containsString(models.help()));
        }
    }

    private static Object[] words(List<String> command) {
        List<Object> words = new ArrayList<>(command);
        words.add("--help");
        return words.toArray();
    }
}
