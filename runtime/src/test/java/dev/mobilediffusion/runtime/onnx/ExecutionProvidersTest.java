package dev.mobilediffusion.runtime.onnx;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.onnxruntime.OrtEnvironment;
import dev.mobilediffusion.runtime.Execution;
import dev.mobilediffusion.runtime.ExecutionPlan;
import dev.mobilediffusion.runtime.ExecutionProvider;
import dev.mobilediffusion.runtime.KernelSwitch;
import dev.mobilediffusion.runtime.RuntimeOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With ONNX Runtime as Maven Central has it, whose library for Linux has the CPU's kernels alone. */
final class ExecutionProvidersTest {

    private static final RuntimeOptions OPTIONS = RuntimeOptions.defaults().withThreads(2);

    @TempDir
    private Path folder;

    @Test
    void autoTakesTheCpuWhereThereIsNoOther() {
        ExecutionPlan plan = OnnxRuntime.plan(OPTIONS);

        assertThat(plan.provider(), is("cpu"));
        assertThat(plan.reason(), is("auto: ONNX Runtime 1.28.0 here has no other"));
        assertThat(plan.available(), is(List.of("cpu")));
        assertThat(plan.threads(), is(2));
        assertThat(plan.onnxRuntime(), is("1.28.0"));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"AUTO", "CPU"})
    void refusesAProviderThatIsNotThere(ExecutionProvider provider) {
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> OnnxRuntime.plan(with(provider)));

        assertThat(
                refusal.getMessage(),
                allOf(
                        startsWith("ep: ONNX Runtime 1.28.0 here has no %s (".formatted(provider.label())),
                        containsString("it has cpu.")));
    }

    @Test
    void autoTakesWhatSuitsTheProcessor() {
        ExecutionProviders debian = new ExecutionProviders(
                "1.21.0",
                List.of(ExecutionProvider.CPU, ExecutionProvider.XNNPACK, ExecutionProvider.DNNL),
                Map.of(ExecutionProvider.ACL, "absent"));

        assertThat(
                debian.choose(Execution.DEFAULT, "aarch64"),
                is(new ExecutionProviders.Choice(
                        ExecutionProvider.XNNPACK, "auto: suits aarch64 best of cpu, xnnpack, dnnl")));
        assertThat(debian.choose(Execution.DEFAULT, "amd64").provider(), is(ExecutionProvider.CPU));
        assertThat(
                debian.choose(with(ExecutionProvider.DNNL).execution(), "amd64"),
                is(new ExecutionProviders.Choice(ExecutionProvider.DNNL, "asked for")));
    }

    @Test
    void refusesALibraryThatIsNone() throws IOException {
        Path text = Files.writeString(folder.resolve("provider.so"), "text");

        assertThat(refusalOf(text), startsWith("ep-library: ONNX Runtime cannot load a provider from " + text));
        assertThat(
                refusalOf(folder.resolve("none.so")), is("ep-library: there is no file " + folder.resolve("none.so")));
    }

    @Test
    void everyKernelSwitchIsAKeyOfTheArmLibrary() throws IOException {
        assertThat(Placement.KERNEL_KEYS.keySet(), is(Set.of(KernelSwitch.values())));
        try (InputStream library =
                OrtEnvironment.class.getResourceAsStream("/ai/onnxruntime/native/linux-aarch64/libonnxruntime.so")) {
            String bytes = new String(library.readAllBytes(), StandardCharsets.ISO_8859_1);

            for (String key : Placement.KERNEL_KEYS.values()) {
                assertThat(key, bytes.contains(key), is(true)); // the library is no part of the message
            }
        }
    }

    private static RuntimeOptions with(ExecutionProvider provider) {
        return OPTIONS.withExecution(new Execution(provider, Optional.empty(), Set.of()));
    }

    private static String refusalOf(Path library) {
        RuntimeOptions options =
                OPTIONS.withExecution(new Execution(ExecutionProvider.AUTO, Optional.of(library), Set.of()));
        return assertThrows(IllegalArgumentException.class, () -> OnnxRuntime.plan(options))
                .getMessage();
    }
}
