package dev.mobilediffusion.server.fleet;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.server.nats.UnusableNats;
import org.junit.jupiter.api.Test;

final class FleetSetupTest {

    @Test
    void anOldNatsIsRefusedWithItsVersion() {
        assertThat(
                assertThrows(UnusableNats.class, () -> FleetSetup.requireVersion("2.8.4"))
                        .getMessage(),
                is("NATS is of version 2.8.4, the fleet needs 2.9.0 or later"));
        FleetSetup.requireVersion("2.10.0-beta.1");
        FleetSetup.requireVersion("3.0");
    }
}
