package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MobileDiffusionTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "serve",
                "generate",
                "bench",
                "models",
                "models list",
                "models show",
                "models verify",
                "loras",
                "keys",
                "keys list",
                "keys add",
                "keys revoke"
            })
    void everyCommandHasHelpOnStdout(String command) {
        CommandLineRun run =
                CommandLineRun.of((Object[]) (command + " --help").strip().split(" "));

        assertThat(run.exitCode(), is(0));
        assertThat(run.out().getFirst(), startsWith(("Usage: mobilediffusion " + command).strip()));
        assertThat(run.err(), is(empty()));
    }

    @Test
    void asksForACommand() {
        assertRefused(CommandLineRun.of(), "a command is missing, one of");
        assertRefused(CommandLineRun.of("models"), "a command is missing, one of list, show, verify");
    }

    @Test
    void namesTheCommandsToWhoeverMistypesOne() {
        assertRefused(
                CommandLineRun.of("models", "delete"),
                "unknown command 'delete', it must be one of list, show, verify");
    }

    @Test
    void namesTheOptionThatWasMeant() {
        assertRefused(
                CommandLineRun.of("generate", "a", "--step", "3"),
                "unknown option '--step' (did you mean --steps or --strength?)");
        assertRefused(CommandLineRun.of("bench", "--quux"), "unknown option '--quux';");
    }

    @Test
    void wantsAPromptInQuotes() {
        assertRefused(
                CommandLineRun.of("generate", "a", "red", "house"),
                "unexpected argument 'red' (words that belong together need quotes)");
        assertRefused(CommandLineRun.of("generate"), "missing required parameter: 'PROMPT'");
    }

    @Test
    void tellsItsVersion() {
        assertThat(CommandLineRun.of("--version").out(), contains(startsWith("mobilediffusion ")));
    }

    private static void assertRefused(CommandLineRun run, String sentence) {
        assertThat(run.exitCode(), is(2));
        assertThat(run.out(), is(empty()));
        assertThat(run.err(), hasItem(startsWith("mobilediffusion: " + sentence)));
        assertThat(run.err().size(), is(1));
    }
}
