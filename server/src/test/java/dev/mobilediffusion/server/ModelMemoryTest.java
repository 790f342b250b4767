package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.RuntimeOptions.MemoryProfile;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class ModelMemoryTest {

    @Test
    void theBudgetIsWhatIsSetElseMostOfWhatIsFree() {
        ModelMemory set = new ModelMemory(MemoryProfile.SMALL, 5000, Duration.ofMinutes(1));

        assertThat(set.budget(OptionalLong.of(1000)), is(5000L));
        assertThat(ModelMemory.DEFAULT.budget(OptionalLong.of(1000)), is(800L));
        assertThat(ModelMemory.DEFAULT.budget(OptionalLong.empty()), is(Long.MAX_VALUE));
    }
}
