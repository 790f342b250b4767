package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.server.files.PrivateFiles;
import dev.mobilediffusion.server.security.CertificateNames;
import dev.mobilediffusion.server.security.Certificates;
import io.nats.client.NKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Writes a folder for each NATS of a cluster, to be copied to its machine and run there: {@code nats-server -c nats.conf}. They
 * let each other in by certificates of the fleet's authority alone, and boards by the fleet's key.
 */
public final class ClusterConfiguration {

    /** A cluster decides by more than half of its servers, so an even number of them bears no more than one less. */
    private static final List<Integer> SIZES = List.of(3, 5);

    /** Between the port for boards and that for the other servers: by custom 4222 and 6222. */
    static final int ROUTES = 2000;

    private static final int MAX_PORT = 65_535 - ROUTES;

    private ClusterConfiguration() {}

    /**
     * The code of the cluster in {@code folder}. Key and authority are made where there are none, so that the boards of a
     * single NATS need no other code; certificates are new each time.
     *
     * @param folder gets {@code join-code}, {@code tls/} with the authority, which no server needs, and
     *     {@code cluster/HOST/} each
     * @param machine this machine's name, for people
     * @param hosts names or addresses by which boards and the servers among each other reach them
     * @param port for boards; the servers reach each other at {@link #ROUTES} more
     * @throws IllegalArgumentException naming host or port where it is none
     * @throws IOException where the folder cannot be written
     */
    public static JoinCode make(Path folder, String machine, List<String> hosts, int port) throws IOException {
        requireCluster(hosts, port);
        Map<String, Path> folders =
                hosts.stream().collect(Collectors.toMap(host -> host, host -> folder(folder, host)));
        for (Path each : folders.values()) {
            PrivateFiles.createFolder(each.resolve("tls"));
        }
        X509Certificate root = Certificates.issue(
                folder.resolve("tls"),
                machine,
                folders.entrySet().stream()
                        .collect(Collectors.toMap(
                                each -> each.getValue().resolve("tls"), each -> CertificateNames.of(each.getKey()))),
                Clock.systemUTC());
        Path file = folder.resolve(NatsConfiguration.CODE);
        try {
            NKey key = Files.exists(file) ? JoinCode.read(file).key() : NKey.createUser(new SecureRandom());
            for (String host : hosts) {
                PrivateFiles.write(
                        folders.get(host).resolve("nats.conf"),
                        text(host, hosts, port, new String(key.getPublicKey())));
            }
            String servers = hosts.stream()
                    .map(host -> "tls://%s:%s".formatted(host, port))
                    .collect(Collectors.joining(","));
            JoinCode made = new JoinCode(servers, new String(key.getSeed()), Sha256.of(root.getEncoded()));
            made.write(file);
            return made;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK can make keys", e);
        }
    }

    /** The folder of the server at {@code host}, under that of {@link #make}. */
    public static Path folder(Path folder, String host) {
        return folder.resolve("cluster").resolve(host.replaceAll("[\\[\\]]", "").replace(':', '-'));
    }

    private static void requireCluster(List<String> hosts, int port) {
        if (!SIZES.contains(hosts.size())) {
            throw new IllegalArgumentException("cluster must name 3 or 5 hosts, got " + hosts.size());
        }
        hosts.forEach(host -> NatsConfiguration.requireHost("cluster", host));
        if (new HashSet<>(hosts).size() < hosts.size()) {
            throw new IllegalArgumentException(
                    "cluster must name each host once, got \"%s\"".formatted(String.join(",", hosts)));
        }
        NatsConfiguration.requirePort(port, MAX_PORT);
    }

    private static String text(String host, List<String> hosts, int port, String publicKey) {
        return """
            # One NATS of a fleet's cluster, for %1$s; start it there in this folder: nats-server -c nats.conf
            listen: "0.0.0.0:%2$s"
            server_name: "%1$s"
            jetstream { store_dir: "jetstream" }
            tls {
              cert_file: "tls/server.pem"
              key_file: "tls/server-key.pem"
            }
            cluster {
              name: fleet
              listen: "0.0.0.0:%3$s"
              # Here NATS asks the other side for its certificate, too
              tls {
                cert_file: "tls/server.pem"
                key_file: "tls/server-key.pem"
                ca_file: "tls/root.pem"
              }
              routes: [
                %4$s
              ]
            }
            %5$s\
            """.formatted(
                        host,
                        port,
                        port + ROUTES,
                        hosts.stream()
                                .map(each -> "\"nats-route://%s:%s\"".formatted(each, port + ROUTES))
                                .collect(Collectors.joining("\n    ")),
                        NatsConfiguration.account(publicKey));
    }
}
