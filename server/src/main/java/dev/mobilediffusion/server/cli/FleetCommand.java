package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.discovery.QrCode;
import dev.mobilediffusion.server.fleet.FleetAdmin;
import dev.mobilediffusion.server.fleet.FleetOptions;
import dev.mobilediffusion.server.nats.JoinCode;
import dev.mobilediffusion.server.nats.NatsConfiguration;
import dev.mobilediffusion.server.queue.BoardStatus;
import dev.mobilediffusion.server.security.CertificateNames;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
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
            FleetCommand.Init.class,
            FleetCommand.Join.class,
            FleetCommand.Status.class,
            FleetCommand.Drain.class
        })
final class FleetCommand extends CommandGroup {

    /** {@code fleet init}: the join code on stdout, and nothing else there. */
    @Command(
            name = "init",
            modelTransformer = SettingFlags.OfKeys.class,
            description =
                    "Writes the configuration of a NATS for a new fleet, and prints the code by which boards join."
                            + " Run again, it prints the code again.")
    static final class Init implements Runnable {

        @Spec
        private CommandSpec spec;

        @Option(
                names = "--host",
                paramLabel = "HOST",
                description = "Name or address by which boards reach the NATS. Default: this machine's address.")
        private String host;

        @Option(
                names = "--port",
                paramLabel = "N",
                defaultValue = "4222",
                description = "Port of the NATS. Default: 4222.")
        private int port;

        @Override
        public void run() {
            Path folder = SettingFlags.config(spec).data().resolve("nats");
            try {
                JoinCode code = make(folder);
                PrintWriter err = spec.commandLine().getErr();
                QrCode.lines(code.text(), Boolean.getBoolean("mobilediffusion.stderr.terminal"))
                        .forEach(err::println);
                err.println("start the fleet's NATS here:  nats-server -c " + folder.resolve("nats.conf"));
                err.println("then on each board:  mobilediffusion fleet join CODE");
                err.println("who has the code is in the fleet; it is:");
                err.flush();
                spec.commandLine().getOut().println(code.text());
            } catch (IllegalArgumentException wrong) {
                throw new ParameterException(spec.commandLine(), wrong.getMessage(), wrong);
            } catch (IOException e) {
                throw new CommandFailure("%s cannot be written: %s".formatted(folder, e.getMessage()), e);
            }
        }

        private JoinCode make(Path folder) throws IOException {
            String name = Optional.ofNullable(host)
                    .or(() -> LocalNetwork.primaryAddress().map(InetAddress::getHostAddress))
                    .orElseThrow(() -> new IllegalArgumentException(
                            "--host is missing: this machine has no address in a network"));
            CertificateNames names = new CertificateNames(
                    Set.of("localhost", LocalNetwork.multicastName() + ".local"), Set.copyOf(LocalNetwork.addresses()));
            return NatsConfiguration.make(folder, LocalNetwork.machineName(), names, name, port);
        }
    }

    /** {@code fleet join}: the flags of {@code serve} on stdout, and nothing else there. */
    @Command(
            name = "join",
            modelTransformer = SettingFlags.OfKeys.class,
            description = "Keeps a fleet's code in the data folder, after a look at its NATS, and prints the flags of"
                    + " 'serve'.")
    static final class Join implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "CODE", description = "What 'fleet init' printed.")
        private String text;

        @Override
        public void run() {
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
            int boards = call(
                    FleetOptions.of(code.server(), file),
                    fleet -> fleet.boards().size());
            spec.commandLine()
                    .getErr()
                    .printf(Locale.ROOT, "the fleet at %s answers, with %s boards now%n", code.server(), boards);
            spec.commandLine().getErr().flush();
            spec.commandLine().getOut().println("--queue %s --queue-credentials %s".formatted(code.server(), file));
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
    private static FleetOptions options(CommandSpec command) {
        Optional<FleetOptions> given = SettingFlags.config(command).fleet();
        Path code = code(command);
        try {
            return given.isPresent()
                    ? given.get()
                    : FleetOptions.of(JoinCode.read(code).server(), code);
        } catch (IOException none) {
            throw new ParameterException(
                    command.commandLine(),
                    "which fleet? Give --queue nats://HOST:PORT, or run 'fleet join CODE' first",
                    none);
        } catch (IllegalArgumentException damaged) {
            throw new CommandFailure("%s: %s".formatted(code, damaged.getMessage()), damaged);
        }
    }

    private static <T> T call(FleetOptions options, Function<FleetAdmin, T> action) {
        try (FleetAdmin fleet = FleetAdmin.connect(options)) {
            return action.apply(fleet);
        } catch (FleetAdmin.FleetException e) {
            throw new CommandFailure(e.getMessage(), e);
        }
    }
}
