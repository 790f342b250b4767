package dev.mobilediffusion.runtime;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RuntimeOptionsTest {

    @Test
    void defaultsUseEveryProcessorAndVerify() {
        assertThat(
                RuntimeOptions.defaults(),
                is(new RuntimeOptions(
                        new Processors(Path.of("/"))
                                .worthAThread(Runtime.getRuntime().availableProcessors()),
                        false,
                        RuntimeOptions.MemoryProfile.SPEED,
                        true,
                        Optional.empty(),
                        Optional.empty())));
    }

    @Test
    void everyOptionCanBeSet() {
        assertThat(
                RuntimeOptions.defaults()
                        .withThreads(3)
                        .withSpinning(true)
                        .withMemory(RuntimeOptions.MemoryProfile.SMALL)
                        .withVerifyHashes(false)
                        .withProfile(Path.of("profiles"))
                        .withGraphs(Path.of("graphs")),
                is(new RuntimeOptions(
                        3,
                        true,
                        RuntimeOptions.MemoryProfile.SMALL,
                        false,
                        Optional.of(Path.of("profiles")),
                        Optional.of(Path.of("graphs")))));
    }

    @Test
    void refusesThreadsOutOfRange() {
        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class, () -> RuntimeOptions.defaults().withThreads(0));

        assertThat(refusal.getMessage(), is("threads must be in [1, 256], got 0"));
    }
}
