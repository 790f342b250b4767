package dev.mobilediffusion.server.security;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

/** Certificates and private keys as PEM files. */
final class Pem {

    private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});

    private Pem() {}

    static String of(X509Certificate certificate) {
        try {
            return block("CERTIFICATE", certificate.getEncoded());
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("every certificate has its bytes", e);
        }
    }

    static String of(PrivateKey key) {
        return block("PRIVATE KEY", key.getEncoded());
    }

    /** @throws TlsException naming the file, when it holds no certificate or is not there */
    static List<X509Certificate> certificates(Path file) {
        byte[] bytes = text(file).getBytes(StandardCharsets.US_ASCII);
        try {
            List<X509Certificate> found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(bytes))
                            .stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (found.isEmpty()) {
                throw new TlsException("%s holds no certificate in PEM form".formatted(file));
            }
            return found;
        } catch (CertificateException e) {
            throw new TlsException("%s holds no certificate in PEM form".formatted(file), e);
        }
    }

    /** @throws TlsException naming the file, when it holds no private key, or one with a password, or is not there */
    static PrivateKey privateKey(Path file) {
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
        try (PEMParser parser = new PEMParser(new StringReader(text(file)))) {
            for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
                switch (found) {
                    case PEMKeyPair pair -> {
                        return converter.getPrivateKey(pair.getPrivateKeyInfo());
                    }
                    case PrivateKeyInfo key -> {
                        return converter.getPrivateKey(key);
                    }
                    default -> requireOpen(found, file); // parameters of a curve may come first
                }
            }
        } catch (PEMException e) {
            throw new TlsException("%s holds no private key that can be used".formatted(file), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new TlsException("%s holds no private key in PEM form".formatted(file), e);
        }
        throw new TlsException("%s holds no private key in PEM form".formatted(file));
    }

    private static void requireOpen(Object found, Path file) {
        if (found instanceof PEMEncryptedKeyPair || found instanceof PKCS8EncryptedPrivateKeyInfo) {
            throw new TlsException(
                    "the private key in %s has a password; store it without one, mode 600".formatted(file));
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new TlsException("there is no file %s".formatted(file), e);
        } catch (IOException e) {
            throw new TlsException("cannot read %s: %s".formatted(file, e), e);
        }
    }

    private static String block(String label, byte[] bytes) {
        return "-----BEGIN %s-----%n%s%n-----END %s-----%n".formatted(label, BASE64.encodeToString(bytes), label);
    }
}
