package dev.mobilediffusion.server;

import dev.mobilediffusion.server.discovery.LocalNetwork;
import dev.mobilediffusion.server.security.CertificateNames;
import dev.mobilediffusion.server.security.Certificates;
import dev.mobilediffusion.server.security.ServerCertificate;
import dev.mobilediffusion.server.security.TlsSuites;
import io.helidon.common.tls.Tls;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The server's certificate, as its configuration asks for one. */
final class Encryption {

    private Encryption() {}

    /**
     * Empty when nothing is to be encrypted.
     *
     * @throws dev.mobilediffusion.server.security.TlsException when the certificate cannot be read, made or used
     */
    static Optional<ServerCertificate> certificate(ServerConfig config) {
        TlsConfig tls = config.tls();
        if (!tls.enabled()) {
            return Optional.empty();
        }
        Clock clock = Clock.systemUTC();
        return Optional.of(
                tls.certificate().isPresent()
                        ? Certificates.given(tls.certificate().get(), tls.key().orElseThrow(), clock)
                        : Certificates.generated(
                                config.data().resolve("tls"), LocalNetwork.machineName(), names(config), clock));
    }

    static Tls tls(ServerCertificate certificate) {
        return Tls.builder()
                .privateKey(certificate.privateKey())
                .privateKeyCertChain(certificate.chain())
                .addEnabledProtocols(TlsSuites.PROTOCOLS)
                .addEnabledCipherSuites(TlsSuites.AEAD)
                .build();
    }

    private static CertificateNames names(ServerConfig config) {
        String machine = LocalNetwork.machineName();
        Set<String> hosts = new HashSet<>(Set.of("localhost", LocalNetwork.multicastName() + ".local"));
        if (machine.matches("[a-z0-9]([a-z0-9.-]*[a-z0-9])?")) {
            hosts.add(machine);
            hosts.add(machine.split("\\.", 2)[0] + ".local");
        }
        config.access().allowedHosts().forEach(host -> hosts.add(host.toLowerCase(Locale.ROOT)));
        Set<InetAddress> addresses = new HashSet<>(LocalNetwork.addresses());
        addresses.add(loopback(127, 0, 0, 1));
        addresses.add(loopback(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
        return new CertificateNames(hosts, addresses);
    }

    private static InetAddress loopback(int... bytes) {
        byte[] address = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            address[i] = (byte) bytes[i];
        }
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four and sixteen bytes are addresses", e);
        }
    }
}
