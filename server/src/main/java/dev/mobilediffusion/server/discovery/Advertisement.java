package dev.mobilediffusion.server.discovery;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import javax.jmdns.JmDNS;
import javax.jmdns.ServiceInfo;

/**
 * Tells the neighbours by mDNS (RFC 6762, 6763) that a server is here, until it is closed. Neighbours learn its name, ports,
 * model and version, and no key.
 */
public final class Advertisement implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Advertisement.class.getName());

    static final String TYPE = "_mobilediffusion._tcp.local.";
    /** Where the queue is that a board shares. */
    static final String QUEUE = "queue";

    private static final String INSTANCE = "instance";

    /** For the answer of a responder on the same machine. */
    private static final Duration ANSWER = Duration.ofSeconds(2);

    /** Tells nobody. */
    public static final Advertisement NONE = new Advertisement(List.of());

    private final List<JmDNS> responders;

    private Advertisement(List<JmDNS> responders) {
        this.responders = responders;
    }

    /**
     * What is told.
     *
     * @param name for people; a neighbour of the same name gets a number added to it
     * @param port of the server's HTTP
     * @param grpcPort of its gRPC
     * @param tls whether it speaks TLS
     * @param model that draws
     * @param version of the program
     * @param queue addresses of the NATS whose queue it shares, with commas; empty where it shares none
     */
    public record Service(
            String name, int port, int grpcPort, boolean tls, String model, String version, Optional<String> queue) {

        /** DNS allows 63 bytes. */
        public static final int MAX_NAME_LENGTH = 63;

        public Service {
            if (name.isBlank() || name.length() > MAX_NAME_LENGTH) {
                throw new IllegalArgumentException(
                        "a service's name must have 1 to %s characters, got '%s'".formatted(MAX_NAME_LENGTH, name));
            }
        }

        /** @param instance tells this server's own answers from those of a neighbour with the same name */
        private List<ServiceInfo> infos(String instance) {
            Map<String, String> text = new TreeMap<>(Map.of("path", "/", "model", model, "version", version));
            text.put("tls", Boolean.toString(tls));
            text.put("grpc-port", Integer.toString(grpcPort));
            queue.ifPresent(told -> text.put(QUEUE, told));
            text.put(INSTANCE, instance);
            String web = tls ? "_https._tcp.local." : "_http._tcp.local.";
            return List.of(
                    ServiceInfo.create(TYPE, name, port, 0, 0, text), ServiceInfo.create(web, name, port, 0, 0, text));
        }
    }

    /** Advertises on every network of this machine; where that cannot be done, the log says so, and the server goes on. */
    public static Advertisement start(Service service) {
        return start(service, LocalNetwork.multicastAddresses());
    }

    /**
     * One responder for each network: two of the machine's interfaces may lead to the same one, and two responders there
     * would take each other for a neighbour of the same name and number it.
     */
    static Advertisement start(Service service, List<InetAddress> addresses) {
        String instance = UUID.randomUUID().toString();
        List<JmDNS> responders = new ArrayList<>();
        for (InetAddress address : addresses) {
            try {
                JmDNS responder = JmDNS.create(address, LocalNetwork.multicastName());
                if (!responders.isEmpty() && hears(responder, instance)) {
                    responder.close();
                    continue;
                }
                responders.add(responder);
                for (ServiceInfo info : service.infos(instance)) {
                    responder.registerService(info);
                }
            } catch (IOException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "devices at {0} will not find this server by itself: {1}",
                        address.getHostAddress(),
                        e.getMessage());
            }
        }
        return new Advertisement(responders);
    }

    /** Whether an earlier responder of {@code instance} answers on this one's network. */
    private static boolean hears(JmDNS responder, String instance) {
        return Arrays.stream(responder.list(TYPE, ANSWER.toMillis()))
                .anyMatch(info -> instance.equals(info.getPropertyString(INSTANCE)));
    }

    /** Says goodbye to the neighbours. */
    @Override
    public void close() {
        for (JmDNS responder : responders) {
            try {
                responder.unregisterAllServices();
                responder.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "could not say goodbye", e);
            }
        }
    }
}
