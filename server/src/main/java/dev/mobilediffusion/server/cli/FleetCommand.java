package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.discovery.FleetSearch;
import dev.mobilediffusion.server.fleet.FleetAdmin;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.JoinCode;
import dev.mobilediffusion.server.queue.BoardStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fleet}: several boards with one queue. */
@Command(
        name = "fleet",
        description = "Makes a fleet of boards, joins one, shows it and drains its boards; see docs/fleet.md.",
        subcommands = {
            FleetNats.Init.class,
            FleetCommand.Join.class,
            FleetCommand.Status.class,
            FleetCommand.Drain.class,
            FleetNats.Fill.class
        })
final class FleetCommand extends CommandGroup {

    /** {@code fleet join}: the flags of {@code serve} on stdout, and nothing else there. */
    @Command(
            name = "join",
            modelTransformer = SettingFlags.OfKeys.class,
            description = "Keeps a fleet's code in the data folder, after a look at its NATS, and prints the flags of"
                    + " 'serve'.")
    static final class Join implements Runnable {

        private static final int SEARCHES = 4;

        @Spec
        private CommandSpec spec;

        @Parameters(
                paramLabel = "CODE",
                arity = "0..1",
                description =
                        "What 'fleet init' printed. Without it, the NATS that boards on this network tell of is asked,"
                                + " with the code of an earlier 'fleet join' where it wants one.")
        private String text;

        @Override
        public void run() {
            if (text == null) {
                joinFound();
                return;
            }
            JoinCode code;
            try {
                code = JoinCode.parse(text);
            } catch (IllegalArgumentException wrong) {
                throw new ParameterException(spec.commandLine(), "CODE: " + wrong.getMessage(), wrong);
            }
            Path file = code(spec);
            try {
                code.write(file);
            } catch (IOException e) {
                throw new CommandFailure("%s cannot be written: %s".formatted(file, e.getMessage()), e);
            }
            join(code.server(), Optional.of(file));
        }

        private void joinFound() {
            List<Set<String>> fleets = FleetSearch.fleets();
            for (int tries = 1; tries < SEARCHES && fleets.isEmpty(); tries++) {
                fleets = FleetSearch.fleets(); // a question by multicast is lost easily, on Wi-Fi above all
            }
            if (fleets.size() != 1) {
                throw new CommandFailure(
                        fleets.isEmpty()
                                ? "no board on this network tells of a fleet; give the CODE that 'fleet init' printed"
                                : "several fleets are on this network, join one by its CODE or its --queue: " + fleets);
            }
            String servers = String.join(",", fleets.getFirst());
            boolean locked = servers.contains("tls://");
            Path file = code(spec);
            if (locked && !Files.exists(file)) {
                throw new CommandFailure(
                        ("the fleet at %s lets in who has its code, which is never told on the network: 'fleet init'"
                            + " on the machine of its NATS prints it again, then run 'fleet join CODE' here")
                                .formatted(servers));
            }
            join(servers, locked ? Optional.of(file) : Optional.empty());
        }

        private void join(String servers, Optional<Path> credentials) {
            greet(FleetOptions.of(servers, credentials));
            spec.commandLine()
                    .getOut()
                    .println("--queue " + servers
                            + credentials
                                    .map(file -> " --queue-credentials " + file)
                                    .orElse(""));
        }

        private void greet(FleetOptions options) {
            int boards = call(options, fleet -> fleet.boards().size());
            spec.commandLine()
                    .getErr()
                    .printf(
                            Locale.ROOT,
                            "the fleet at %s answers, with %s boards now%n",
                            FleetOptions.open(options.servers().getFirst()),
                            boards);
            spec.commandLine().getErr().flush();
        }
    }

    /** {@code fleet status}: a line per board. */
    @Command(
            name = "status",
            modelTransformer = SettingFlags.OfFleet.class,
            description = "Shows the boards: version, rate, temperature, models, and what waits.")
    static final class Status implements Runnable {

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            PrintWriter out = spec.commandLine().getOut();
            call(options(spec), fleet -> {
                fleet.boards().forEach(board -> out.println(line(board)));
                out.println("%s pictures wait or are being drawn".formatted(fleet.images()));
                return null;
            });
        }

        private static String line(BoardStatus board) {
            String state = board.resting() ? "drained" : board.drawing() > 0 ? "draws" : "idle";
            String heat = board.celsius()
                    .map(celsius -> String.format(Locale.ROOT, "%.0f C", celsius))
                    .orElse("-");
            return String.format(
                    Locale.ROOT,
                    "%-20s %-8s %8.2f s a picture  %6s  %s  %s",
                    board.name(),
                    state,
                    board.secondsPerImage(),
                    heat,
                    board.version(),
                    String.join(",", board.models()));
        }
    }

    /** {@code fleet drain}: a board goes on answering, and draws nothing. */
    @Command(
            name = "drain",
            modelTransformer = SettingFlags.OfFleet.class,
            description = "Has a board finish what it draws and take no more, until --undo; it goes on answering.")
    static final class Drain implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "BOARD", description = "Its name, as 'fleet status' shows it.")
        private String board;

        @Option(names = "--undo", description = "Let it draw again.")
        private boolean undo;

        @Override
        public void run() {
            call(options(spec), fleet -> {
                List<String> names =
                        fleet.boards().stream().map(BoardStatus::name).toList();
                if (!names.contains(board)) {
                    throw new CommandFailure(
                            "no board '%s' is there now, but %s".formatted(board, String.join(", ", names)));
                }
                fleet.rest(board, !undo);
                return null;
            });
            spec.commandLine()
                    .getErr()
                    .println(board + (undo ? " draws again" : " finishes what it has, and draws no more"));
            spec.commandLine().getErr().flush();
        }
    }

    /** Where {@code join} keeps the code. */
    private static Path code(CommandSpec command) {
        return SettingFlags.config(command).data().resolve("fleet-code");
    }

    /** How a command reaches the fleet: as its settings say, else by the code of {@code join}. */
    static FleetOptions options(CommandSpec command) {
        Optional<FleetOptions> given = SettingFlags.config(command).fleet();
        Path code = code(command);
        try {
            return given.isPresent()
                    ? given.get()
                    : FleetOptions.of(JoinCode.read(code).server(), Optional.of(code));
        } catch (IOException none) {
            throw new ParameterException(
                    command.commandLine(),
                    "which fleet? Give --queue nats://HOST:PORT, or run 'fleet join CODE' first",
                    none);
        } catch (IllegalArgumentException damaged) {
            throw new CommandFailure("%s: %s".formatted(code, damaged.getMessage()), damaged);
        }
    }

    static <T> T call(FleetOptions options, Function<FleetAdmin, T> action) {
        try (FleetAdmin fleet = FleetAdmin.connect(options)) {
            return action.apply(fleet);
        } catch (FleetAdmin.FleetException e) {
            throw new CommandFailure(e.getMessage(), e);
        }
    }
}
