package dev.mobilediffusion.server.discovery;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.jmdns.JmDNS;
import javax.jmdns.ServiceInfo;

/** Asks the neighbours by mDNS where their fleet's NATS is. */
public final class FleetSearch {

    private static final System.Logger LOG = System.getLogger(FleetSearch.class.getName());

    /** In which neighbours answer; the first of them may need a second question. */
    private static final Duration ANSWERS = Duration.ofSeconds(3);

    private FleetSearch() {}

    /**
     * Fleets that boards on this machine's networks tell of, each by the addresses of its NATS: {@code nats://HOST:PORT}. Takes
     * some seconds.
     */
    public static List<Set<String>> fleets() {
        return fleets(LocalNetwork.multicastAddresses());
    }

    static List<Set<String>> fleets(List<InetAddress> networks) {
        List<Set<String>> fleets = new ArrayList<>();
        for (InetAddress network : networks) {
            try (JmDNS asking = JmDNS.create(network, LocalNetwork.multicastName())) {
                for (ServiceInfo board : asking.list(Advertisement.TYPE, ANSWERS.toMillis())) {
                    add(fleets, queues(board));
                }
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "no neighbour can be asked at {0}", network.getHostAddress());
            }
        }
        return fleets;
    }

    /** Boards that tell of one same address are of one fleet, whatever others each knows. */
    private static void add(List<Set<String>> fleets, Set<String> told) {
        Set<String> one = new TreeSet<>(told);
        for (Set<String> known : List.copyOf(fleets)) {
            if (!Collections.disjoint(known, told)) {
                one.addAll(known);
                fleets.remove(known);
            }
        }
        if (!one.isEmpty()) {
            fleets.add(one);
        }
    }

    private static Set<String> queues(ServiceInfo board) {
        Optional<InetAddress> teller = Arrays.stream(board.getInetAddresses()).findFirst();
        return Stream.ofNullable(board.getPropertyString(Advertisement.QUEUE))
                .flatMap(told -> Arrays.stream(told.split(",", -1)))
                .flatMap(server -> seenFrom(teller, server).stream())
                .collect(Collectors.toSet());
    }

    /** A board's own machine is called by its address; what is no address is passed over. */
    private static Optional<String> seenFrom(Optional<InetAddress> teller, String server) {
        try {
            URI uri = new URI(server);
            if (uri.getHost() == null || !Set.of("nats", "tls").contains(String.valueOf(uri.getScheme()))) {
                return Optional.empty();
            }
            boolean itself = uri.getHost().equals("localhost")
                    || uri.getHost().startsWith("127.")
                    || uri.getHost().equals("[::1]");
            String host = itself && teller.isPresent() ? teller.get().getHostAddress() : uri.getHost();
            return Optional.of(new URI(uri.getScheme(), null, host, uri.getPort(), null, null, null).toString());
        } catch (URISyntaxException none) {
            return Optional.empty();
        }
    }
}
