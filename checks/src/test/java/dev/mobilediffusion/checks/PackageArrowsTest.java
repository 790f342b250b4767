package dev.mobilediffusion.checks;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PackageArrowsTest {

    @Test
    void arrowsOfTheRepositoryPointDown() {
        assertThat(PackageArrows.violations(Repository.sources()), is(empty()));
    }

    @Test
    void everyPermissionIsNeeded() {
        assertThat(PackageUses.unused(Repository.sources()), is(empty()));
    }

    @Test
    void packagesHaveNoCircles() {
        Map<String, Set<String>> uses = PackageUses.uses(Repository.sources());

        assertThat(
                uses.keySet().stream()
                        .filter(room -> RoomDrawing.reachable(uses, room).contains(room))
                        .toList(),
                is(empty()));
    }

    @Test
    void refusesAnApiThatKnowsAnotherApi() {
        assertThat(
                violations("server.openai", "import dev.mobilediffusion.server.a1111.SamplerNames;"),
                contains("A.java: server.openai must not use server.a1111"));
    }

    @Test
    void refusesAnArrowThatPointsUp() {
        assertThat(
                violations("server.job", "import dev.mobilediffusion.server.ServerConfig;"),
                contains("A.java: server.job must not use server"));
        assertThat(
                violations("runtime.onnx", "import static dev.mobilediffusion.runtime.text.ClipTokenizer.MAX;"),
                contains("A.java: runtime.onnx must not use runtime.text"));
    }

    @Test
    void refusesARuntimeThatKnowsTheServer() {
        assertThat(
                violations("runtime.pipeline", "import dev.mobilediffusion.server.job.Job;"),
                contains("A.java: runtime.pipeline must not use server.job"));
        assertThat(
                violations("runtime.pipeline", "import io.helidon.http.Status;"),
                contains("A.java: runtime.pipeline must not see io.helidon"));
    }

    @Test
    void letsOnlyTheOnnxPackageSeeOnnxRuntime() {
        String code = "import ai.onnxruntime.OnnxTensor;";

        assertThat(violations("runtime.onnx", code), is(empty()));
        assertThat(violations("runtime.text", code), contains("A.java: runtime.text must not see ai.onnxruntime"));
    }

    @Test
    void findsNamesWrittenOutInTheCode() {
        assertThat(
                violations("server.grpc", "class A { dev.mobilediffusion.server.openai.Body body; }"),
                contains("A.java: server.grpc must not use server.openai"));
        assertThat(
                violations("server.openai", "import picocli.CommandLine;"),
                contains("A.java: server.openai must not see picocli"));
    }

    @Test
    void readsNeitherCommentsNorStrings() {
        assertThat(violations("runtime", """
            /** Unlike {@link dev.mobilediffusion.server.job.Job}. */
            class A { // ai.onnxruntime.OrtSession
                String name = "io.helidon.http.Status";
            }
            """), is(empty()));
    }

    @Test
    void refusesAPackageThatNobodyPlanned() {
        assertThat(
                violations("server.util", "class A {}"),
                contains("A.java: package server.util is not in the plan of PackageArrows"));
    }

    private static List<String> violations(String packageName, String code) {
        String text = "package dev.mobilediffusion.%s;%n%s".formatted(packageName, code);
        return PackageArrows.violations(List.of(new JavaSource(Path.of("A.java"), text)));
    }
}
