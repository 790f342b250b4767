package dev.mobilediffusion.server.security;

import dev.mobilediffusion.server.files.PrivateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;

/** Where a server's certificate comes from: its owner's files, or a folder where this machine makes and keeps its own. */
public final class Certificates {

    /** A made certificate with less life than this is made anew at a start, so a server may run that long. */
    private static final Duration LEAST_LIFE = Duration.ofDays(180);

    private Certificates() {}

    /**
     * The owner's certificate.
     *
     * @param chain a PEM file with the server's certificate, then those that vouch for it
     * @param key a PEM file with its private key, without a password
     * @throws TlsException when a file is missing or unusable, they do not belong together, or the certificate is not
     *     valid now
     */
    public static ServerCertificate given(Path chain, Path key, Clock clock) {
        List<X509Certificate> certificates = Pem.certificates(chain);
        PrivateKey privateKey = Pem.privateKey(key);
        X509Certificate first = certificates.getFirst();
        Instant now = clock.instant();
        if (now.isAfter(first.getNotAfter().toInstant())) {
            throw new TlsException("the certificate in %s expired at %s"
                    .formatted(chain, first.getNotAfter().toInstant()));
        }
        if (now.isBefore(first.getNotBefore().toInstant())) {
            throw new TlsException("the certificate in %s is not valid before %s"
                    .formatted(chain, first.getNotBefore().toInstant()));
        }
        if (!belong(first, privateKey)) {
            throw new TlsException("the private key in %s is not that of the certificate in %s".formatted(key, chain));
        }
        return new ServerCertificate(privateKey, certificates, Optional.empty());
    }

    /**
     * A certificate that this machine made for itself, from an earlier start where it still serves.
     *
     * @param folder of {@code root.pem}, {@code root-key.pem}, {@code server.pem} and {@code server-key.pem}
     * @param machine the machine's name, for people
     * @throws TlsException when a file that is there cannot be used, or none can be written
     */
    public static ServerCertificate generated(Path folder, String machine, CertificateNames names, Clock clock) {
        LocalAuthority authority = authority(folder, machine, names, clock.instant());
        Path certificate = folder.resolve("server.pem");
        Path key = folder.resolve("server-key.pem");
        if (Files.exists(certificate) && Files.exists(key)) {
            ServerCertificate kept = new ServerCertificate(
                    Pem.privateKey(key), Pem.certificates(certificate), Optional.of(authority.certificate()));
            if (stillServes(kept, authority, names, clock.instant())) {
                return kept;
            }
        }
        ServerCertificate issued = authority.issue(names, clock.instant());
        write(folder, issued);
        return issued;
    }

    /**
     * New certificates for servers that know each other by them, each for the other server and the client of a connection.
     *
     * @param authority folder of the root's {@code root.pem} and {@code root-key.pem}, made where they are missing
     * @param machine the machine's name, for people
     * @param peers the folder that each certificate is written into, as {@code server.pem}, {@code server-key.pem} and the
     *     {@code root.pem} that vouches for all, and what it speaks for
     * @return the root
     * @throws TlsException when a file that is there cannot be used, none can be written, or an earlier root may not vouch
     *     for a name
     */
    public static X509Certificate issue(
            Path authority, String machine, Map<Path, CertificateNames> peers, Clock clock) {
        LocalAuthority root = authority(authority, machine, CertificateNames.all(peers.values()), clock.instant());
        peers.forEach((folder, names) -> {
            if (!root.subject(names).equals(names.asSubject())) {
                throw new TlsException("the root certificate in %s is not for %s; move that folder away to make another"
                        .formatted(authority, names));
            }
            write(folder, root.issueForPeer(names, clock.instant()));
            write(folder.resolve("root.pem"), Pem.of(root.certificate()));
        });
        return root.certificate();
    }

    /** A certificate's PEM text, for a device that is to trust it. */
    public static String pem(X509Certificate certificate) {
        return Pem.of(certificate);
    }

    private static LocalAuthority authority(Path folder, String machine, CertificateNames names, Instant now) {
        Path certificate = folder.resolve("root.pem");
        Path key = folder.resolve("root-key.pem");
        if (Files.exists(certificate) && Files.exists(key)) {
            LocalAuthority kept =
                    new LocalAuthority(Pem.certificates(certificate).getFirst(), Pem.privateKey(key));
            if (now.plus(LocalAuthority.SERVER_LIFE)
                    .isBefore(kept.certificate().getNotAfter().toInstant())) {
                return kept;
            }
        }
        LocalAuthority created = LocalAuthority.create(machine, names, now);
        write(key, Pem.of(created.privateKey()));
        write(certificate, Pem.of(created.certificate()));
        return created;
    }

    private static boolean stillServes(
            ServerCertificate kept, LocalAuthority authority, CertificateNames names, Instant now) {
        X509Certificate first = kept.chain().getFirst();
        if (now.plus(LEAST_LIFE).isAfter(first.getNotAfter().toInstant()) || !belong(first, kept.privateKey())) {
            return false;
        }
        try {
            first.verify(authority.certificate().getPublicKey());
            GeneralNames found = GeneralNames.fromExtensions(
                    new JcaX509CertificateHolder(first).getExtensions(), Extension.subjectAlternativeName);
            return authority.subject(names).equals(found);
        } catch (GeneralSecurityException e) {
            return false; // of an earlier root
        }
    }

    /** Whether the key signs what the certificate verifies. */
    private static boolean belong(X509Certificate certificate, PrivateKey key) {
        String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256with" + key.getAlgorithm();
        try {
            Signature signature = Signature.getInstance(key.getAlgorithm().startsWith("Ed") ? "EdDSA" : algorithm);
            byte[] text = {1, 2, 3};
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static void write(Path folder, ServerCertificate issued) {
        write(folder.resolve("server-key.pem"), Pem.of(issued.privateKey()));
        write(
                folder.resolve("server.pem"),
                Pem.of(issued.chain().get(0)) + Pem.of(issued.chain().get(1)));
    }

    private static void write(Path file, String text) {
        try {
            PrivateFiles.write(file, text);
        } catch (IOException e) {
            throw new TlsException("cannot write %s: %s".formatted(file, e), e);
        }
    }
}
