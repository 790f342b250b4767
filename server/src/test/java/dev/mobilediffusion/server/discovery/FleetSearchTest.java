package dev.mobilediffusion.server.discovery;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Boards tell where their NATS is; one that has none yet asks them. */
final class FleetSearchTest {

    private static final InetAddress NETWORK =
            LocalNetwork.multicastAddresses().stream().findFirst().orElse(InetAddress.getLoopbackAddress());

    private static final int TRIES = 20;

    @Test
    void boardsOfOneFleetAreOneWhateverServersEachKnows() throws Exception {
        String own = "nats://" + NETWORK.getHostAddress() + ":41234";
        String other = "tls://nats.example:41235";
        // The one that runs beside NATS calls it by an address that means another machine to everybody else
        try (Advertisement one = board("one", "nats://127.0.0.1:41234," + other);
                Advertisement two = board("two", other + ",nats://other.example:4222,http://x,no address")) {
            assertThat(List.of(one, two), not(List.of()));
            Set<String> fleet = Set.of(own, other, "nats://other.example:4222");
            List<Set<String>> found = List.of();
            for (int i = 0; i < TRIES && !found.contains(fleet); i++) {
                found = FleetSearch.fleets(List.of(NETWORK));
            }
            assertThat(found, hasItem(is(fleet)));
        }
    }

    private static Advertisement board(String name, String queue) {
        return Advertisement.start(
                new Advertisement.Service(
                        name + ' ' + ProcessHandle.current().pid(),
                        8123,
                        8133,
                        false,
                        "pocket",
                        "0.1.0",
                        Optional.of(queue)),
                List.of(NETWORK));
    }
}
