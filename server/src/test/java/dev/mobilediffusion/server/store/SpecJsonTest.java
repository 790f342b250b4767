package dev.mobilediffusion.server.store;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.runtime.ImageRequest;
import dev.mobilediffusion.runtime.SecondPass;
import dev.mobilediffusion.server.generation.JobSpec;
import dev.mobilediffusion.server.generation.Lifetime;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class SpecJsonTest {

    @Test
    void aSecondPassIsKept() {
        for (OptionalInt steps : new OptionalInt[] {OptionalInt.empty(), OptionalInt.of(3)}) {
            SecondPass pass = new SecondPass(32, 16, "Lanczos", 0.4, steps);
            JobSpec spec = JobSpec.of("fake", ImageRequest.of("a house", 7).withSecondPass(Optional.of(pass)))
                    .withLifetime(Lifetime.DURABLE);

            assertThat(SpecJson.read(SpecJson.write(spec)), is(spec));
        }
    }
}
