package dev.mobilediffusion.server.discovery;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.jmdns.JmDNS;
import javax.jmdns.ServiceInfo;
import org.junit.jupiter.api.Test;

/** A neighbour, which is a second JmDNS on a network of this machine, looks for the server. */
final class AdvertisementTest {

    private static final InetAddress NETWORK =
            LocalNetwork.multicastAddresses().stream().findFirst().orElse(InetAddress.getLoopbackAddress());

    private static final int TRIES = 60;

    @Test
    void aNeighbourFindsTheServerWithItsModelAndVersion() throws Exception {
        String name = "Test server " + ProcessHandle.current().pid();
        Advertisement.Service service =
                new Advertisement.Service(name, 8123, 8133, false, "pocket", "0.1.0", Optional.empty());
        try (JmDNS neighbour = JmDNS.create(NETWORK, "neighbour")) {
            try (Advertisement shown = Advertisement.start(service, List.of(NETWORK))) {
                assertThat(shown, is(not((Object) null)));
                for (String type : List.of("_mobilediffusion._tcp.local.", "_http._tcp.local.")) {
                    ServiceInfo found = find(neighbour, type, name).orElseThrow();
                    assertThat(found.getPort(), is(8123));
                    assertThat(found.getInetAddresses()[0], is(NETWORK));
                    assertThat(found.getPropertyString("path"), is("/"));
                    assertThat(found.getPropertyString("model"), is("pocket"));
                    assertThat(found.getPropertyString("version"), is("0.1.0"));
                    assertThat(found.getPropertyString("tls"), is("false"));
                    assertThat(found.getPropertyString("grpc-port"), is("8133"));
                }
            }
            boolean gone = false;
            for (int i = 0; i < TRIES && !gone; i++) {
                gone = seen(neighbour, "_mobilediffusion._tcp.local.", name).isEmpty();
            }
            assertThat("gone when the server has gone", gone, is(true));
        }
    }

    @Test
    void aServerWithTlsIsNoPlainWebServer() throws Exception {
        String name = "TLS server " + ProcessHandle.current().pid();
        Advertisement.Service service =
                new Advertisement.Service(name, 8124, 8134, true, "pocket", "0.1.0", Optional.empty());
        try (JmDNS neighbour = JmDNS.create(NETWORK, "neighbour");
                Advertisement shown = Advertisement.start(service, List.of(NETWORK))) {
            assertThat(shown, is(not((Object) null)));
            ServiceInfo found = find(neighbour, "_https._tcp.local.", name).orElseThrow();
            assertThat(found.getPropertyString("tls"), is("true"));
            assertThat(found.getURLs("https")[0], startsWith("https://"));
        }
    }

    @Test
    void twoInterfacesOnOneNetworkAreOneServerUnderOneName() throws Exception {
        String name = "Twin server " + ProcessHandle.current().pid();
        Advertisement.Service service =
                new Advertisement.Service(name, 8125, 8135, false, "pocket", "0.1.0", Optional.empty());
        try (JmDNS neighbour = JmDNS.create(NETWORK, "neighbour");
                // Two responders that hear each other, as those of a cable and radio do
                Advertisement shown = Advertisement.start(service, List.of(NETWORK, NETWORK))) {
            assertThat(shown, is(not((Object) null)));
            assertThat(find(neighbour, "_mobilediffusion._tcp.local.", name).isPresent(), is(true));

            List<String> names = Arrays.stream(neighbour.list("_mobilediffusion._tcp.local.", 3000))
                    .map(ServiceInfo::getName)
                    .filter(each -> each.startsWith(name))
                    .toList();
            assertThat(names, is(List.of(name)));
        }
    }

    @Test
    void addressesAreOfOneSubnetUpToThePrefix() throws Exception {
        InetAddress address = InetAddress.getByName("192.168.77.130");

        assertThat(LocalNetwork.subnet(address, 24), is("192.168.77.0/24"));
        assertThat(LocalNetwork.subnet(address, 25), is("192.168.77.128/25"));
        assertThat(LocalNetwork.subnet(address, 12), is("192.160.0.0/12"));
        assertThat(LocalNetwork.subnet(address, 32), is("192.168.77.130/32"));
    }

    @Test
    void aNameThatDnsCannotHoldIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Advertisement.Service("n".repeat(64), 1, 2, false, "pocket", "1", Optional.empty()));
    }

    /** Sees it in the list, then asks for its records: a list may lack the properties, and does not ask for them again. */
    private static Optional<ServiceInfo> find(JmDNS neighbour, String type, String name) {
        Optional<ServiceInfo> found = Optional.empty();
        for (int i = 0; i < TRIES && found.isEmpty(); i++) {
            found = seen(neighbour, type, name)
                    .map(info -> neighbour.getServiceInfo(type, name, 500))
                    .filter(info -> info.getPropertyString("path") != null);
        }
        return found;
    }

    /** Waits a moment for answers. */
    private static Optional<ServiceInfo> seen(JmDNS neighbour, String type, String name) {
        return Arrays.stream(neighbour.list(type, 500))
                .filter(info -> info.getName().equals(name) && info.getPort() != 0)
                .findFirst();
    }
}
