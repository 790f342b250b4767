package dev.mobilediffusion.server.fleet;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class FleetOptionsTest {

    @Test
    void anAddressThatIsNoneIsNamed() {
        for (String wrong : List.of("http://a:4222", "nats://", "a b", "nats://a:4222/queue")) {
            assertThat(message(List.of(wrong), "a"), containsString("got \"" + wrong + '"'));
        }
    }

    @Test
    void aBoardsNameIsOnePartOfASubject() {
        assertThat(message(List.of("nats://a:4222"), "a.b"), containsString("board must have 1 to 63 letters"));
        assertThat(FleetOptions.boardName("Kitchen Pi.local"), is("Kitchen-Pi-local"));
        assertThat(FleetOptions.boardName(""), is("board"));
    }

    @Test
    void anOldNatsIsRefusedWithItsVersion() {
        assertThat(
                assertThrows(FleetSetup.UnusableNats.class, () -> FleetSetup.requireVersion("2.8.4"))
                        .getMessage(),
                is("NATS is of version 2.8.4, the fleet needs 2.9.0 or later"));
        FleetSetup.requireVersion("2.10.0-beta.1");
        FleetSetup.requireVersion("3.0");
    }

    private static String message(List<String> servers, String board) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> new FleetOptions(
                                servers,
                                Optional.empty(),
                                FleetOptions.Offline.REFUSE,
                                board,
                                Duration.ofSeconds(5),
                                Duration.ofDays(1)))
                .getMessage();
    }
}
