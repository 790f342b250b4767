package dev.mobilediffusion.server.nats;

import dev.mobilediffusion.runtime.Sha256;
import java.security.GeneralSecurityException;
import java.security.KeyManagementException;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Trusts a chain that ends with one certificate, known by its hash alone, whatever name NATS is reached by: its authority
 * vouches for nothing but this NATS, and addresses change in a home.
 */
final class PinnedAuthority implements X509TrustManager {

    private final String sha256;

    private final Consumer<String> distrust;

    private PinnedAuthority(String sha256, Consumer<String> distrust) {
        this.sha256 = sha256;
        this.distrust = distrust;
    }

    /**
     * Encryption that trusts nothing else.
     *
     * @param sha256 of the authority's certificate, 64 hex digits
     * @param distrust hears why a chain is not trusted
     */
    static SSLContext context(String sha256, Consumer<String> distrust) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new PinnedAuthority(sha256, distrust)}, null);
            return context;
        } catch (NoSuchAlgorithmException | KeyManagementException e) {
            throw new IllegalStateException("every JDK has TLS", e);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        try {
            check(chain);
        } catch (CertificateException untrusted) {
            distrust.accept(untrusted.getMessage());
            throw untrusted;
        }
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        X509Certificate last = chain[chain.length - 1];
        if (chain.length < 2 || !Sha256.of(last.getEncoded()).equals(sha256)) {
            throw new CertificateException("NATS is not the one of the join code: another authority vouches for it");
        }
        List<X509Certificate> path = Arrays.asList(chain).subList(0, chain.length - 1);
        try {
            PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(last, null)));
            parameters.setRevocationEnabled(false);
            CertPathValidator.getInstance("PKIX")
                    .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
        } catch (GeneralSecurityException e) {
            throw new CertificateException("NATS's certificate is not valid: " + e.getMessage(), e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("no client is trusted here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
