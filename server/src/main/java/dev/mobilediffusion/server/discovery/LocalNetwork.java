package dev.mobilediffusion.server.discovery;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.Stream;

/** This machine in its network: what it is called, and under which addresses others reach it. */
public final class LocalNetwork {

    private LocalNetwork() {}

    /** What this machine calls itself, lower-case. */
    public static String machineName() {
        try {
            return InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
        } catch (UnknownHostException e) {
            // A name without an address: the message begins with the name
            return String.valueOf(e.getMessage()).split("[:\\s]", 2)[0].toLowerCase(Locale.ROOT);
        }
    }

    /** Names under which this machine is asked: its own, with {@code .local} too, and the one that it announces. */
    public static Set<String> ownNames() {
        String machine = machineName();
        return Set.copyOf(new HashSet<>(
                Arrays.asList(machine, machine.split("\\.", 2)[0] + ".local", multicastName() + ".local")));
    }

    /** Under which a server advertises itself; not the machine's own name, which another responder may look after. */
    public static String multicastName() {
        String machine = machineName().split("\\.", 2)[0].replaceAll("[^a-z0-9-]", "");
        return machine.isEmpty() ? "mobilediffusion" : "mobilediffusion-" + machine;
    }

    /** The IPv4 addresses of all interfaces that are up, loopback left out. IPv6 ones come and go by themselves. */
    public static List<InetAddress> addresses() {
        return interfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                .distinct()
                .toList();
    }

    /** The address that the machine's way out of its network has, which its neighbours reach; empty without a network. */
    public static Optional<InetAddress> primaryAddress() {
        List<InetAddress> all = addresses();
        try (DatagramSocket socket = new DatagramSocket()) {
            // Sends nothing: asks the system which address it would send from (to an address kept for documentation)
            socket.connect(new InetSocketAddress(InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1}), 9));
            InetAddress from = socket.getLocalAddress();
            if (all.contains(from)) {
                return Optional.of(from);
            }
        } catch (IOException | UncheckedIOException e) {
            // No way out, but perhaps neighbours
        }
        return all.stream()
                .filter(InetAddress::isSiteLocalAddress)
                .findFirst()
                .or(() -> all.stream().findFirst());
    }

    /**
     * One address for each network on which neighbours can be spoken to all at once; of several in the same subnet, as of
     * a board with a cable and radio, the one that the way out has.
     */
    static List<InetAddress> multicastAddresses() {
        List<InterfaceAddress> all = interfaces()
                .filter(LocalNetwork::isMulticast)
                .flatMap(each -> each.getInterfaceAddresses().stream()
                        .filter(address -> address.getAddress() instanceof Inet4Address
                                && !address.getAddress().isLoopbackAddress())
                        .limit(1))
                .toList();
        return onePerSubnet(all, primaryAddress());
    }

    /** The first address of each subnet, or {@code preferred} where it is one of them. */
    private static List<InetAddress> onePerSubnet(List<InterfaceAddress> addresses, Optional<InetAddress> preferred) {
        Map<String, InetAddress> chosen = new LinkedHashMap<>();
        for (InterfaceAddress each : addresses) {
            String subnet = subnet(each.getAddress(), each.getNetworkPrefixLength());
            if (preferred.equals(Optional.of(each.getAddress()))) {
                chosen.put(subnet, each.getAddress());
            } else {
                chosen.putIfAbsent(subnet, each.getAddress());
            }
        }
        return List.copyOf(chosen.values());
    }

    /** As in {@code 192.168.1.0/24}. */
    static String subnet(InetAddress address, int prefixLength) {
        byte[] bytes = address.getAddress();
        for (int bit = prefixLength; bit < bytes.length * Byte.SIZE; bit++) {
            bytes[bit / Byte.SIZE] &= (byte) ~(0x80 >> bit % Byte.SIZE);
        }
        StringJoiner digits = new StringJoiner(".", "", "/" + prefixLength);
        for (byte each : bytes) {
            digits.add(Integer.toString(each & 0xff));
        }
        return digits.toString();
    }

    private static Stream<NetworkInterface> interfaces() {
        try {
            return NetworkInterface.networkInterfaces().filter(LocalNetwork::isUp);
        } catch (SocketException e) {
            return Stream.empty();
        }
    }

    private static boolean isUp(NetworkInterface each) {
        try {
            return each.isUp() && !each.isLoopback();
        } catch (SocketException e) {
            return false;
        }
    }

    private static boolean isMulticast(NetworkInterface each) {
        try {
            return each.supportsMulticast() && !each.isPointToPoint();
        } catch (SocketException e) {
            return false;
        }
    }
}
