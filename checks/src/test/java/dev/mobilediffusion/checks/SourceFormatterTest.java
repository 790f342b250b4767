package dev.mobilediffusion.checks;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SourceFormatterTest {

    @Test
    void everySourceFileIsFormatted() {
        List<Path> unformatted = Repository.sources().stream()
                .filter(source -> !SourceFormatter.format(source).equals(source.text()))
                .map(JavaSource::path)
                .toList();

        assertThat("run: mvn -q -Pformat -pl checks process-classes", unformatted, is(empty()));
    }

    @Test
    void laysOutAndDropsUnusedImports() {
        JavaSource source = new JavaSource(Path.of("A.java"), """
            import java.util.Map;
            import java.util.List;
            class A {
              List<String> a( ) { return List.of( ) ; }
            }
            """);

        assertThat(SourceFormatter.format(source), is("""
            import java.util.List;

            class A {
                List<String> a() {
                    return List.of();
                }
            }
            """));
    }

    @Test
    void parsesThePatternsOfJava21() {
        String text = """
            class A {
                int size(Object value) {
                    return switch (value) {
                        case String string when string.isEmpty() -> 0;
                        case String string -> string.length();
                        default -> 1;
                    };
                }
            }
            """;

        assertThat(SourceFormatter.format(new JavaSource(Path.of("A.java"), text)), is(text));
    }
}
