package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.runtime.Sha256;
import dev.mobilediffusion.server.files.PrivateFiles;
import dev.mobilediffusion.server.security.CertificateNames;
import dev.mobilediffusion.server.security.Certificates;
import dev.mobilediffusion.server.security.ServerCertificate;
import io.nats.client.NKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes the folder that {@code nats-server -c FOLDER/nats.conf} runs with: TLS from an authority of its own, one account for
 * the fleet, and a key that may use the fleet's subjects and nothing else.
 */
public final class NatsConfiguration {

    /** Every stream that a fleet has; buckets and object stores are streams, too. */
    private static final List<String> STREAMS =
            List.of("MD_WORK", "MD_EVENTS", "KV_md_live", "KV_md_ended", "KV_md_boards", "OBJ_md_pictures");

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9.-]{1,253}|\\[[0-9a-fA-F:.]{2,45}\\]");
    private static final int MAX_PORT = 65_535;

    /** The file of the fleet's code. */
    static final String CODE = "join-code";

    private NatsConfiguration() {}

    /**
     * The code of the fleet in {@code folder}, which is made where there is none. A certificate that is about to expire is
     * renewed.
     *
     * @param names under which boards reach NATS
     * @param host the one of them that the code tells
     * @throws IllegalArgumentException naming host or port where it is none
     * @throws IOException where the folder cannot be written
     */
    public static JoinCode make(Path folder, String machine, CertificateNames names, String host, int port)
            throws IOException {
        requireHost("host", host);
        requirePort(port, MAX_PORT);
        PrivateFiles.createFolder(folder);
        Path tls = folder.resolve("tls");
        ServerCertificate certificate = Certificates.generated(tls, machine, names, Clock.systemUTC());
        Path code = folder.resolve(CODE);
        if (Files.exists(code)) {
            return JoinCode.read(code);
        }
        try {
            NKey key = NKey.createUser(new SecureRandom());
            X509Certificate root = certificate.root().orElseThrow();
            JoinCode made = new JoinCode(
                    "tls://%s:%s".formatted(host, port), new String(key.getSeed()), Sha256.of(root.getEncoded()));
            PrivateFiles.write(
                    folder.resolve("nats.conf"), text(folder.toAbsolutePath(), port, new String(key.getPublicKey())));
            made.write(code); // last: whoever finds it finds the rest
            return made;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK can make keys", e);
        }
    }

    static void requireHost(String field, String host) {
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException(
                    "%s must be a name or an address, IPv6 in brackets, got \"%s\"".formatted(field, host));
        }
    }

    static void requirePort(int port, int most) {
        if (port < 1 || port > most) {
            throw new IllegalArgumentException("port must be in [1, %s], got %s".formatted(most, port));
        }
    }

    private static String text(Path folder, int port, String publicKey) {
        return """
            # NATS for a fleet of boards; start it with: nats-server -c %1$s/nats.conf
            listen: "0.0.0.0:%2$s"
            jetstream { store_dir: "%1$s/jetstream" }
            tls {
              cert_file: "%1$s/tls/server.pem"
              key_file: "%1$s/tls/server-key.pem"
            }
            %3$s\
            """.formatted(folder.toString().replace("\\", "/"), port, account(publicKey));
    }

    /** The fleet's account, in which one key may use what a fleet needs. */
    static String account(String publicKey) {
        return """
            accounts {
              FLEET {
                jetstream: enabled
                users: [
                  {
                    nkey: %s
                    permissions {
                      publish: [
                        %s
                      ]
                      subscribe: ["_INBOX.>"]
                    }
                  }
                ]
              }
            }
            """.formatted(
                        publicKey,
                        subjects().stream()
                                .map(subject -> "\"" + subject + "\"")
                                .collect(Collectors.joining("\n" + " ".repeat(12))));
    }

    /** What a board publishes on: the fleet's subjects, and JetStream's of the fleet's streams. */
    static List<String> subjects() {
        List<String> subjects = new ArrayList<>(List.of(
                "md.>",
                "$KV.md_live.>",
                "$KV.md_ended.>",
                "$KV.md_boards.>",
                "$O.md_pictures.>",
                "$JS.API.INFO",
                "$JS.API.STREAM.NAMES"));
        for (String stream : STREAMS) {
            for (String call : List.of("STREAM.*.", "STREAM.MSG.*.", "CONSUMER.*.", "DIRECT.GET.")) {
                subjects.add("$JS.API." + call + stream);
            }
            for (String call :
                    List.of("CONSUMER.*.", "CONSUMER.MSG.NEXT.", "CONSUMER.DURABLE.CREATE.", "DIRECT.GET.")) {
                subjects.add("$JS.API." + call + stream + ".>");
            }
            subjects.add("$JS.ACK." + stream + ".>");
            subjects.add("$JS.SNAPSHOT.ACK." + stream + ".>");
            subjects.add("$JS.SNAPSHOT.RESTORE." + stream + ".>");
            subjects.add("$JS.FC." + stream + ".>");
        }
        return subjects;
    }
}
