package dev.mobilediffusion.server.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.NameConstraintValidatorException;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.PKIXNameConstraintValidator;

/**
 * Names and addresses for which a certificate speaks.
 *
 * @param hosts names, lower-case
 * @param addresses of this machine
 */
public record CertificateNames(Set<String> hosts, Set<InetAddress> addresses) {

    private static final System.Logger LOG = System.getLogger(CertificateNames.class.getName());

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    /** Address and mask of the networks that nobody on the internet has: RFC 1918, 3927, 4193, 4291, 6598. */
    private static final byte[][] PRIVATE_NETWORKS = {
        ipv4(127, 0, 0, 0, 8),
        ipv4(10, 0, 0, 0, 8),
        ipv4(172, 16, 0, 0, 12),
        ipv4(192, 168, 0, 0, 16),
        ipv4(169, 254, 0, 0, 16),
        ipv4(100, 64, 0, 0, 10),
        ipv6(0xfc, 7),
        ipv6(0xfe, 10, 0x80),
    };

    public CertificateNames {
        hosts = Set.copyOf(hosts);
        addresses = Set.copyOf(addresses);
    }

    /** Those of a machine that is known by one name or address alone; an IPv6 address has brackets. */
    public static CertificateNames of(String host) {
        boolean address = host.startsWith("[") || IPV4.matcher(host).matches();
        try {
            return address
                    ? new CertificateNames(Set.of(), Set.of(InetAddress.getByName(host)))
                    : new CertificateNames(Set.of(host.toLowerCase(Locale.ROOT)), Set.of());
        } catch (UnknownHostException none) {
            throw new IllegalArgumentException("\"%s\" is no address".formatted(host), none);
        }
    }

    /** All of them together. */
    static CertificateNames all(Collection<CertificateNames> each) {
        return new CertificateNames(
                each.stream().flatMap(names -> names.hosts().stream()).collect(Collectors.toSet()),
                each.stream().flatMap(names -> names.addresses().stream()).collect(Collectors.toSet()));
    }

    /** For people: names and addresses with commas. */
    @Override
    public String toString() {
        return Stream.concat(hosts.stream(), addresses.stream().map(InetAddress::getHostAddress))
                .sorted()
                .collect(Collectors.joining(", "));
    }

    /** The subject alternative names, always in the same order. */
    GeneralNames asSubject() {
        List<GeneralName> names = new ArrayList<>();
        hosts.stream().sorted().forEach(host -> names.add(new GeneralName(GeneralName.dNSName, host)));
        addresses.stream()
                .map(InetAddress::getHostAddress)
                .map(address -> address.split("%", 2)[0])
                .sorted()
                .distinct()
                .forEach(address -> names.add(new GeneralName(GeneralName.iPAddress, address)));
        return new GeneralNames(names.toArray(GeneralName[]::new));
    }

    /** What a root for these names may vouch for: them, {@code *.local} and private addresses, and nothing beyond. */
    NameConstraints asConstraints() {
        List<GeneralSubtree> permitted = new ArrayList<>();
        permitted.add(new GeneralSubtree(new GeneralName(GeneralName.dNSName, "local")));
        hosts.stream()
                .sorted()
                .forEach(host -> permitted.add(new GeneralSubtree(new GeneralName(GeneralName.dNSName, host))));
        for (byte[] network : PRIVATE_NETWORKS) {
            permitted.add(new GeneralSubtree(new GeneralName(GeneralName.iPAddress, new DEROctetString(network))));
        }
        addresses.forEach(address -> permitted.add(
                new GeneralSubtree(new GeneralName(GeneralName.iPAddress, new DEROctetString(single(address))))));
        return new NameConstraints(permitted.toArray(GeneralSubtree[]::new), null);
    }

    /** Those of them that a root with {@code constraints} may vouch for. */
    GeneralNames permittedBy(NameConstraints constraints) {
        PKIXNameConstraintValidator validator = new PKIXNameConstraintValidator();
        validator.intersectPermittedSubtree(constraints.getPermittedSubtrees());
        List<GeneralName> permitted = new ArrayList<>();
        for (GeneralName name : asSubject().getNames()) {
            try {
                validator.checkPermitted(name);
                permitted.add(name);
            } catch (NameConstraintValidatorException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "the root certificate is not for {0}; remove the folder tls to make another",
                        name);
            }
        }
        return new GeneralNames(permitted.toArray(GeneralName[]::new));
    }

    private static byte[] single(InetAddress address) {
        byte[] bytes = address.getAddress();
        byte[] both = Arrays.copyOf(bytes, 2 * bytes.length);
        Arrays.fill(both, bytes.length, both.length, (byte) 0xFF);
        return both;
    }

    private static byte[] ipv4(int a, int b, int c, int d, int bits) {
        return withMask(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d}, bits);
    }

    private static byte[] ipv6(int first, int bits, int... rest) {
        byte[] address = new byte[16];
        address[0] = (byte) first;
        for (int i = 0; i < rest.length; i++) {
            address[i + 1] = (byte) rest[i];
        }
        return withMask(address, bits);
    }

    private static byte[] withMask(byte[] address, int bits) {
        byte[] both = Arrays.copyOf(address, 2 * address.length);
        for (int i = 0; i < bits; i++) {
            both[address.length + i / 8] |= (byte) (0x80 >> (i % 8));
        }
        return both;
    }
}
