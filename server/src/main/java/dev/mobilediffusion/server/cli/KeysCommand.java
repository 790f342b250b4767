package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.discovery.QrCode;
import dev.mobilediffusion.server.security.ApiKey;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.KeyFile;
import dev.mobilediffusion.server.security.KeyFileException;
import java.io.PrintWriter;
import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code keys}: who may use the server from other machines. A running server notices at its next request. */
@Command(
        name = "keys",
        description = "Lists, makes and revokes the API keys that let other devices in.",
        subcommands = {KeysCommand.ListKeys.class, KeysCommand.Add.class, KeysCommand.Revoke.class})
final class KeysCommand extends CommandGroup {

    /** {@code keys list}: a line per key, without the key. */
    @Command(
            name = "list",
            modelTransformer = SettingFlags.OfKeys.class,
            description = "Lists the keys: name, state, when made, limits.")
    static final class ListKeys implements Runnable {

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            PrintWriter out = spec.commandLine().getOut();
            Instant now = Instant.now();
            for (ApiKey key : call(spec, () -> keys(spec).read())) {
                out.println(line(key, now));
            }
        }

        private static String line(ApiKey key, Instant now) {
            String state = key.revoked().isPresent() ? "revoked" : key.hasExpired(now) ? "expired" : "usable";
            String expires = key.expires()
                    .map(when -> "  expires " + when.truncatedTo(ChronoUnit.SECONDS))
                    .orElse("");
            String rate = key.picturesPerMinute().isPresent()
                    ? "  %s pictures a minute".formatted(key.picturesPerMinute().getAsInt())
                    : "";
            return "%-20s %s  made %s%s%s"
                    .formatted(key.name(), state, key.created().truncatedTo(ChronoUnit.SECONDS), expires, rate);
        }
    }

    /** {@code keys add}: the new key on stdout, and nothing else there. */
    @Command(
            name = "add",
            modelTransformer = SettingFlags.OfKeys.class,
            description = "Makes a key and prints it. It cannot be printed again: only its hash is kept.")
    static final class Add implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Whose key it is, for lists and logs.")
        private String name;

        @Option(
                names = "--expires",
                paramLabel = "WHEN",
                converter = OptionValues.Expiry.class,
                description = "When it ends: a date such as 2027-01-31, or days from now such as 90d. Default: never.")
        private Instant expires;

        @Option(
                names = "--per-minute",
                paramLabel = "N",
                converter = OptionValues.PerMinute.class,
                description = "How often a minute it may ask for pictures. Default: any number.")
        private Integer perMinute;

        @Option(
                names = "--pair",
                paramLabel = "URL",
                description = "Show a QR code, too, that opens the server's page at URL with the key.")
        private URI server;

        @Override
        public void run() {
            OptionalInt limit = perMinute == null ? OptionalInt.empty() : OptionalInt.of(perMinute);
            IssuedKey issued = call(spec, () -> keys(spec).add(name, Optional.ofNullable(expires), limit));
            PrintWriter err = spec.commandLine().getErr();
            err.printf(Locale.ROOT, "the key '%s' is shown this once; send it as Authorization: Bearer KEY%n", name);
            if (server != null) {
                String link = server.toString().replaceFirst("/$", "") + "/#key=" + issued.secret();
                QrCode.lines(link, Boolean.getBoolean("mobilediffusion.stderr.terminal"))
                        .forEach(err::println);
            }
            err.flush();
            spec.commandLine().getOut().println(issued.secret());
        }
    }

    /** {@code keys revoke}: lets nobody in by that key any more. */
    @Command(
            name = "revoke",
            modelTransformer = SettingFlags.OfKeys.class,
            description = "Ends a key, at once also for a server that is running.")
    static final class Revoke implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Which key.")
        private String name;

        @Override
        public void run() {
            call(spec, () -> {
                keys(spec).revoke(name);
                return List.of();
            });
            spec.commandLine().getErr().printf(Locale.ROOT, "the key '%s' lets nobody in any more%n", name);
            spec.commandLine().getErr().flush();
        }
    }

    /** The keys in the server's data folder. */
    private static KeyFile keys(CommandSpec command) {
        return new KeyFile(SettingFlags.config(command).data(), Clock.systemUTC());
    }

    /** What {@code action} returns, its refusals as those of a command. */
    private static <T> T call(CommandSpec command, Supplier<T> action) {
        try {
            return action.get();
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(command.commandLine(), wrong.getMessage(), wrong);
        } catch (KeyFileException failure) {
            throw new CommandFailure(failure.getMessage(), failure);
        }
    }
}
