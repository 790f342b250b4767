package dev.mobilediffusion.server.nats;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
    void copiesAreBoundByWhatNatsKeeps() {
        for (int wrong : new int[] {0, 6}) {
            assertThat(
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> options(List.of("nats://a:4222"), "a", OptionalInt.of(wrong)))
                            .getMessage(),
                    is("fleet-replicas must be in [1, 5], got " + wrong));
        }
    }

    private static String message(List<String> servers, String board) {
        return assertThrows(IllegalArgumentException.class, () -> options(servers, board, OptionalInt.empty()))
                .getMessage();
    }

    private static FleetOptions options(List<String> servers, String board, OptionalInt replicas) {
        return new FleetOptions(
                servers,
                Optional.empty(),
                FleetOptions.Offline.REFUSE,
                board,
                Duration.ofSeconds(5),
                Duration.ofDays(1),
                replicas);
    }
}
