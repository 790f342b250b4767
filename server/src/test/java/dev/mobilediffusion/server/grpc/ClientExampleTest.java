package dev.mobilediffusion.server.grpc;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import dev.mobilediffusion.server.FakePipeline;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of {@code docs/grpc.md}: it runs, and the page shows it as it is. */
final class ClientExampleTest {

    @TempDir
    private Path folder;

    @Test
    void theExampleDrawsAnImage() throws Exception {
        Path image = folder.resolve("picture.png");
        try (GrpcFixture server = GrpcFixture.start(folder, FakePipeline.quick())) {
            ClientExample.draw("127.0.0.1", server.port(), "a red house", image);
        }
        assertThat(Files.size(image), is(16L * 16 * 3));
    }

    @Test
    void thePageShowsTheExampleAsItIs() throws Exception {
        Path source = Path.of("src/test/java/dev/mobilediffusion/server/grpc/ClientExample.java");
        String text = Files.readString(source);
        String example = text.substring(
                text.indexOf("// example begin\n") + "// example begin\n".length(), text.indexOf("// example end"));

        assertThat(Files.readString(Path.of("../docs/grpc.md")), containsString("```java\n" + example + "```"));
    }
}
