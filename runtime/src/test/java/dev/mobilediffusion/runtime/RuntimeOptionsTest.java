package dev.mobilediffusion.runtime;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RuntimeOptionsTest {

    @Test
    void defaultsUseEveryProcessorAndVerify() {
        assertThat(
                RuntimeOptions.defaults(),
                is(new RuntimeOptions(
                        Runtime.getRuntime().availableProcessors(),
                        false,
                        RuntimeOptions.MemoryProfile.SPEED,
                        true,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        true,
                        Execution.DEFAULT)));
    }

    @Test
    void everyOptionCanBeSet() {
        GraphFolder graphs = new GraphFolder(Path.of("graphs"), "some processor");
        Execution execution = new Execution(ExecutionProvider.CPU, Optional.empty(), Set.of(KernelSwitch.BF16));
        assertThat(
                RuntimeOptions.defaults()
                        .withThreads(3)
                        .withSpinning(true)
                        .withMemory(RuntimeOptions.MemoryProfile.SMALL)
                        .withVerifyHashes(false)
                        .withProfile(Path.of("profiles"))
                        .withGraphs(graphs)
                        .withConcepts(Path.of("concepts"))
                        .withSafetyChecker(false)
                        .withExecution(execution),
                is(new RuntimeOptions(
                        3,
                        true,
                        RuntimeOptions.MemoryProfile.SMALL,
                        false,
                        Optional.of(Path.of("profiles")),
                        Optional.of(graphs),
                        Optional.of(Path.of("concepts")),
                        false,
                        execution)));
    }

    @Test
    void aPluginTakesTheProvidersPlace() {
        Optional<Path> library = Optional.of(Path.of("libprovider.so"));

        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class, () -> new Execution(ExecutionProvider.XNNPACK, library, Set.of()));

        assertThat(refusal.getMessage(), is("ep must be auto where ep-library brings a provider, got xnnpack"));
    }

    @Test
    void providersAndSwitchesAreCalledByTheirLabels() {
        assertThat(ExecutionProvider.ofLabel("XNNPACK"), is(Optional.of(ExecutionProvider.XNNPACK)));
        assertThat(ExecutionProvider.ofLabel("xnn"), is(Optional.empty()));
        assertThat(KernelSwitch.ofLabel("lut-gemm"), is(Optional.of(KernelSwitch.LUT_GEMM)));
        assertThat(KernelSwitch.labels(), is("bf16, lut-gemm, no-kleidiai"));
    }

    @Test
    void refusesThreadsOutOfRange() {
        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class, () -> RuntimeOptions.defaults().withThreads(0));

        assertThat(refusal.getMessage(), is("threads must be in [1, 256], got 0"));
    }
}
