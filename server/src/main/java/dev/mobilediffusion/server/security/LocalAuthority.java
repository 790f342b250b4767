package dev.mobilediffusion.server.security;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * An authority of this machine alone: a root that a device may trust, since its constraints let it vouch for this machine
 * and private addresses only, and the server's certificate that it signs.
 *
 * @param certificate the root
 * @param privateKey the root's
 */
record LocalAuthority(X509Certificate certificate, PrivateKey privateKey) {

    static final Duration ROOT_LIFE = Duration.ofDays(3650);
    /** Phones refuse longer ones. */
    static final Duration SERVER_LIFE = Duration.ofDays(397);

    private static final Duration CLOCK_SKEW = Duration.ofDays(1);
    private static final SecureRandom RANDOM = new SecureRandom();

    /** A new root for a machine called {@code machine}. */
    static LocalAuthority create(String machine, CertificateNames names, Instant now) {
        KeyPair pair = keyPair();
        X500Name subject = name("MobileDiffusion root of " + machine);
        X509v3CertificateBuilder builder = builder(subject, subject, pair.getPublic(), now, ROOT_LIFE);
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                    .addExtension(Extension.nameConstraints, true, names.asConstraints())
                    .addExtension(
                            Extension.subjectKeyIdentifier,
                            false,
                            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
        } catch (IOException | GeneralSecurityException e) {
            throw new TlsException("cannot make a root certificate: " + e.getMessage(), e);
        }
        return new LocalAuthority(sign(builder, pair.getPrivate()), pair.getPrivate());
    }

    /** A key and a certificate for a server under {@code names}, as far as the root may vouch for them. */
    ServerCertificate issue(CertificateNames names, Instant now) {
        return issue(names, now, KeyPurposeId.id_kp_serverAuth);
    }

    /** As {@link #issue}, for one that also shows the certificate where it calls its like. */
    ServerCertificate issueForPeer(CertificateNames names, Instant now) {
        return issue(names, now, KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth);
    }

    private ServerCertificate issue(CertificateNames names, Instant now, KeyPurposeId... purposes) {
        KeyPair pair = keyPair();
        X509v3CertificateBuilder builder = builder(
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
                name("MobileDiffusion"),
                pair.getPublic(),
                now,
                SERVER_LIFE);
        try {
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes))
                    .addExtension(Extension.subjectAlternativeName, false, subject(names))
                    .addExtension(
                            Extension.subjectKeyIdentifier,
                            false,
                            identifiers.createSubjectKeyIdentifier(pair.getPublic()))
                    .addExtension(
                            Extension.authorityKeyIdentifier,
                            false,
                            identifiers.createAuthorityKeyIdentifier(certificate.getPublicKey()));
        } catch (IOException | GeneralSecurityException e) {
            throw new TlsException("cannot make a certificate: " + e.getMessage(), e);
        }
        X509Certificate issued = sign(builder, privateKey);
        return new ServerCertificate(pair.getPrivate(), List.of(issued, certificate), Optional.of(certificate));
    }

    /** The subject alternative names that {@link #issue} would write. */
    GeneralNames subject(CertificateNames names) {
        try {
            return names.permittedBy(NameConstraints.getInstance(new JcaX509CertificateHolder(certificate)
                    .getExtension(Extension.nameConstraints)
                    .getParsedValue()));
        } catch (GeneralSecurityException e) {
            throw new TlsException("cannot read the root certificate: " + e.getMessage(), e);
        }
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, PublicKey key, Instant now, Duration life) {
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(120, RANDOM).setBit(120),
                Date.from(now.minus(CLOCK_SKEW)),
                Date.from(now.plus(life).minus(CLOCK_SKEW)),
                subject,
                key);
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key) {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
        } catch (OperatorCreationException | GeneralSecurityException e) {
            throw new TlsException("cannot sign a certificate: " + e.getMessage(), e);
        }
    }

    private static KeyPair keyPair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has P-256", e);
        }
    }

    private static X500Name name(String commonName) {
        return new X500NameBuilder(BCStyle.INSTANCE)
                .addRDN(BCStyle.O, "MobileDiffusion")
                .addRDN(BCStyle.CN, commonName)
                .build();
    }
}
