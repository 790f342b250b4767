package dev.mobilediffusion.server.discovery;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.jmdns.JmDNS;
import javax.jmdns.ServiceInfo;

/**
 * Tells the neighbours by mDNS (RFC 6762, 6763) that a server is here, until it is closed. Neighbours learn its name, port,
 * model and version, and no key.
 */
public final class Advertisement implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Advertisement.class.getName());

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
     * @param port of the server
     * @param tls whether it speaks TLS
     * @param model that draws
     * @param version of the program
     */
    public record Service(String name, int port, boolean tls, String model, String version) {

        /** DNS allows 63 bytes. */
        public static final int MAX_NAME_LENGTH = 63;

        public Service {
            if (name.isBlank() || name.length() > MAX_NAME_LENGTH) {
                throw new IllegalArgumentException(
                        "a service's name must have 1 to %s characters, got '%s'".formatted(MAX_NAME_LENGTH, name));
            }
        }

        private List<ServiceInfo> infos() {
            Map<String, String> text =
                    Map.of("path", "/", "model", model, "version", version, "tls", Boolean.toString(tls));
            String web = tls ? "_https._tcp.local." : "_http._tcp.local.";
            return List.of(
                    ServiceInfo.create("_mobilediffusion._tcp.local.", name, port, 0, 0, text),
                    ServiceInfo.create(web, name, port, 0, 0, text));
        }
    }

    /** Advertises on every network of this machine; where that cannot be done, the log says so, and the server goes on. */
    public static Advertisement start(Service service) {
        return start(service, LocalNetwork.multicastAddresses());
    }

    static Advertisement start(Service service, List<InetAddress> addresses) {
        List<JmDNS> responders = new ArrayList<>();
        for (InetAddress address : addresses) {
            try {
                JmDNS responder = JmDNS.create(address, LocalNetwork.multicastName());
                responders.add(responder);
                for (ServiceInfo info : service.infos()) {
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
