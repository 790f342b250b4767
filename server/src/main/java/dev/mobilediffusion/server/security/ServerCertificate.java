package dev.mobilediffusion.server.security;

import dev.mobilediffusion.runtime.Sha256;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a server shows to TLS clients.
 *
 * @param privateKey that belongs to the first of the chain
 * @param chain the server's certificate, then those that vouch for it
 * @param root the certificate that a device may trust, where this machine made it itself
 */
public record ServerCertificate(PrivateKey privateKey, List<X509Certificate> chain, Optional<X509Certificate> root) {

    public ServerCertificate {
        chain = List.copyOf(chain);
    }

    /** SHA-256 of a certificate as browsers show it: {@code 1F:A0:…}. */
    public static String fingerprint(X509Certificate certificate) {
        try {
            byte[] digest = Sha256.digest().digest(certificate.getEncoded());
            return HexFormat.ofDelimiter(":").formatHex(digest).toUpperCase(Locale.ROOT);
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("every certificate has its bytes", e);
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "ServerCertificate[" + chain.getFirst().getSubjectX500Principal() + "]";
    }
}
