package dev.mobilediffusion.server;

import dev.mobilediffusion.server.discovery.QrCode;
import dev.mobilediffusion.server.security.IssuedKey;
import dev.mobilediffusion.server.security.ServerCertificate;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * What a server says on stdout when it is ready: where it listens and whether others can read along, who may come, and
 * how a phone gets in; the first key, this once.
 */
final class Greeting {

    /** The launcher says so. */
    private static final boolean TERMINAL = Boolean.getBoolean("mobilediffusion.stdout.terminal");

    private Greeting() {}

    static void print(ImageServer server, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "listening at %s, model %s loaded in %.1f s, gRPC at port %d%s%n",
                server.url(),
                server.model(),
                server.loadTime().toMillis() / 1e3,
                server.grpcPort(),
                traffic(server));
        if (server.isOpenToOthers() && !server.access().gate().isLocked()) {
            out.println("no API key is asked for: everybody who reaches this server may use it");
        }
        server.certificate().ifPresent(certificate -> printCertificate(certificate, server, out));
        server.firstKey().ifPresent(key -> out.println(shownOnce(key)));
        server.lanUrl().ifPresent(url -> printLink(url, server, out));
        out.flush();
    }

    private static String traffic(ImageServer server) {
        return server.isOpenToOthers() && server.certificate().isEmpty()
                ? "; not encrypted: others on the network can read prompts, pictures and keys (--tls encrypts)"
                : "";
    }

    private static void printCertificate(ServerCertificate certificate, ImageServer server, PrintWriter out) {
        out.println("certificate SHA-256 "
                + ServerCertificate.fingerprint(certificate.chain().getFirst()));
        certificate
                .root()
                .ifPresent(root -> out.println(
                        "root SHA-256 %s: a device that installs %s/ca.pem, and finds this fingerprint in it, can trust this server"
                                .formatted(
                                        ServerCertificate.fingerprint(root),
                                        server.lanUrl().orElse(server.url()))));
    }

    private static String shownOnce(IssuedKey key) {
        return "API key '%s', shown this once ('mobilediffusion keys' makes more): %s"
                .formatted(key.key().name(), key.secret());
    }

    /** With the key where it is known: a browser keeps what follows # to itself. */
    private static void printLink(String url, ImageServer server, PrintWriter out) {
        String link =
                server.firstKey().map(key -> url + "/#key=" + key.secret()).orElse(url + "/");
        out.println("on a device nearby: " + url + "/");
        QrCode.lines(link, TERMINAL).forEach(out::println);
    }
}
