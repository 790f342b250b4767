package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.discovery.QrCode;
import dev.mobilediffusion.server.nats.ClusterConfiguration;
import dev.mobilediffusion.server.nats.FleetOptions;
import dev.mobilediffusion.server.nats.JoinCode;
import dev.mobilediffusion.server.nats.NatsConfiguration;
import dev.mobilediffusion.server.security.CertificateNames;
import dev.mobilediffusion.server.security.TlsException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the one does who runs a fleet's NATS. */
final class FleetNats {

    private FleetNats() {}

    /** {@code fleet init}: the join code on stdout, and nothing else there. */
    @Command(
            name = "init",
            modelTransformer = SettingFlags.OfKeys.class,
            description =
                    "Writes the configuration of a NATS for a new fleet, and prints the code by which boards join."
                            + " Run again, it prints the code again, and renews certificates that are about to expire.")
    static final class Init implements Runnable {

        @Spec
        private CommandSpec spec;

        @Option(
                names = "--host",
                paramLabel = "HOST",
                description = "Name or address by which boards reach the NATS. Default: this machine's address.")
        private String host;

        @Option(
                names = "--cluster",
                paramLabel = "HOST",
                split = ",",
                description =
                        "Names or addresses of three or five machines, each of which gets a NATS: a folder for each is"
                            + " written, and any of three may die. With a fleet that is there, its boards keep their"
                            + " code.")
        private List<String> cluster;

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
                if (cluster == null && Files.exists(folder.resolve("nats.conf"))) {
                    err.println("start the fleet's NATS here:  nats-server -c " + folder.resolve("nats.conf"));
                } else if (cluster != null) {
                    cluster.forEach(each ->
                            err.println("copy %s to %s, and start there, in the folder:  nats-server -c nats.conf"
                                    .formatted(ClusterConfiguration.folder(folder, each), each)));
                }
                err.println("then on each board:  mobilediffusion fleet join CODE");
                err.println("who has the code is in the fleet; it is:");
                err.flush();
                spec.commandLine().getOut().println(code.text());
            } catch (IllegalArgumentException wrong) {
                throw new ParameterException(spec.commandLine(), wrong.getMessage(), wrong);
            } catch (TlsException e) {
                throw new CommandFailure(e.getMessage(), e);
            } catch (IOException e) {
                throw new CommandFailure("%s cannot be written: %s".formatted(folder, e.getMessage()), e);
            }
        }

        private JoinCode make(Path folder) throws IOException {
            if (cluster != null) {
                if (host != null) {
                    throw new IllegalArgumentException(
                            "--host is for one NATS, --cluster for several: give one of them");
                }
                return ClusterConfiguration.make(folder, LocalNetwork.machineName(), cluster, port);
            }
            String name = Optional.ofNullable(host)
                    .or(() -> LocalNetwork.primaryAddress().map(InetAddress::getHostAddress))
                    .orElseThrow(() -> new IllegalArgumentException(
                            "--host is missing: this machine has no address in a network"));
            CertificateNames names = new CertificateNames(
                    Set.of("localhost", LocalNetwork.multicastName() + ".local"), Set.copyOf(LocalNetwork.addresses()));
            return NatsConfiguration.make(folder, LocalNetwork.machineName(), names, name, port);
        }
    }

    /** {@code fleet fill}: a NATS becomes another, or a cluster. */
    @Command(
            name = "fill",
            modelTransformer = SettingFlags.OfFleet.class,
            description =
                    "Copies all jobs and pictures of another NATS into the fleet's, which must hold none yet, while"
                            + " no board runs: docs/fleet.md says how a single NATS becomes a cluster.")
    static final class Fill implements Runnable {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "FROM", description = "The other NATS, nats://HOST:PORT or tls://HOST:PORT.")
        private String from;

        @Override
        public void run() {
            FleetOptions to = FleetCommand.options(spec);
            FleetCommand.call(
                    other(from, to),
                    old -> FleetCommand.call(to, fleet -> {
                        fleet.fill(old);
                        spec.commandLine().getErr().println(fleet.images() + " pictures wait in the fleet's NATS now");
                        return null;
                    }));
            spec.commandLine().getErr().flush();
        }

        private FleetOptions other(String server, FleetOptions to) {
            try {
                return FleetOptions.of(server, server.startsWith("tls://") ? to.credentials() : Optional.empty());
            } catch (IllegalArgumentException wrong) {
                throw new ParameterException(spec.commandLine(), "FROM: " + wrong.getMessage(), wrong);
            }
        }
    }
}
