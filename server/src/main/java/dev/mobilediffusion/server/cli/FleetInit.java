package dev.mobilediffusion.server.cli;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.discovery.QrCode;
import dev.mobilediffusion.server.nats.JoinCode;
import dev.mobilediffusion.server.nats.NatsConfiguration;
import dev.mobilediffusion.server.security.CertificateNames;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code fleet init}: the join code on stdout, and nothing else there. */
@Command(
        name = "init",
        modelTransformer = SettingFlags.OfKeys.class,
        description = "Writes the configuration of a NATS for a new fleet, and prints the code by which boards join."
                + " Run again, it prints the code again.")
final class FleetInit implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = "Name or address by which boards reach the NATS. Default: this machine's address.")
    private String host;

    @Option(names = "--port", paramLabel = "N", defaultValue = "4222", description = "Port of the NATS. Default: 4222.")
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
                .orElseThrow(() ->
                        new IllegalArgumentException("--host is missing: this machine has no address in a network"));
        CertificateNames names = new CertificateNames(
                Set.of("localhost", LocalNetwork.multicastName() + ".local"), Set.copyOf(LocalNetwork.addresses()));
        return NatsConfiguration.make(folder, LocalNetwork.machineName(), names, name, port);
    }
}
