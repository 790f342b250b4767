package dev.mobilediffusion.server.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.startsWith;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KeysCommandTest {

    @TempDir
    private Path folder;

    @Test
    void aNewKeyStandsAloneOnStdout() throws Exception {
        CommandLineRun run = keys("add", "phone");

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), contains(matchesPattern("md_[A-Za-z0-9_-]{43}")));
        assertThat(run.err(), contains(startsWith("the key 'phone' is shown this once")));
        String kept = Files.readString(folder.resolve("keys.json"));
        assertThat(kept.contains(run.out().getFirst()), is(false));
    }

    @Test
    void theListTellsNamesStatesAndLimitsButNoKey() {
        String secret = keys("add", "phone").out().getFirst();
        keys("add", "guest", "--expires", "90d", "--per-minute", 6);
        keys("add", "party", "--expires", "2099-12-31");
        assertThat(keys("revoke", "phone").exitCode(), is(0));

        CommandLineRun run = keys("list");

        assertThat(
                run.out(),
                contains(
                        matchesPattern("phone +revoked  made \\S+Z"),
                        matchesPattern("guest +usable  made \\S+Z  expires \\S+Z  6 pictures a minute"),
                        matchesPattern("party +usable  made \\S+Z  expires 2099-12-31T00:00:00Z")));
        assertThat(run.out().toString().contains(secret), is(false));
    }

    @Test
    void noKeysAreAnEmptyList() {
        CommandLineRun run = keys("list");

        assertThat(run.exitCode(), is(0));
        assertThat(run.out(), is(empty()));
    }

    @Test
    void aRevokedNameCanBeGivenAgainButNotAUsedOne() {
        keys("add", "phone");
        assertRefused(keys("add", "phone"), 2, "there is a key 'phone' already; revoke it first");
        keys("revoke", "phone");

        assertThat(keys("add", "phone").exitCode(), is(0));
        assertThat(keys("list").out(), hasSize(1));
    }

    @Test
    void wrongValuesAreNamed() {
        assertRefused(keys("revoke", "nobody"), 2, "there is no key 'nobody'");
        assertRefused(keys("add", "a b"), 2, "a key's name must be 1 to 64 letters");
        assertRefused(keys("add", "a", "--per-minute", 0), 2, "--per-minute must be a whole number in [1, 10000]");
        assertRefused(keys("add", "a", "--expires", "soon"), 2, "--expires must be a date such as 2027-01-31");
        assertRefused(keys("add", "a", "--expires", "2020-01-01"), 2, "a key must expire in the future");
        assertRefused(keys("add"), 2, "missing required parameter: 'NAME'");
    }

    @Test
    void aFileThatIsNotOneOfKeysIsNamed() throws Exception {
        Files.writeString(folder.resolve("keys.json"), "[]");

        assertRefused(keys("list"), 1, "cannot use " + folder.resolve("keys.json"));
        assertRefused(keys("add", "phone"), 1, "cannot use " + folder.resolve("keys.json"));
        assertThat(Files.readString(folder.resolve("keys.json")), is("[]"));
    }

    private CommandLineRun keys(String command, Object... arguments) {
        Object[] words = new Object[arguments.length + 4];
        System.arraycopy(new Object[] {"keys", command, "--data", folder}, 0, words, 0, 4);
        System.arraycopy(arguments, 0, words, 4, arguments.length);
        return CommandLineRun.of(words);
    }

    private static void assertRefused(CommandLineRun run, int exitCode, String sentence) {
        assertThat(run.exitCode(), is(exitCode));
        assertThat(run.out(), is(empty()));
        assertThat(run.err(), contains(containsString(sentence)));
    }
}
