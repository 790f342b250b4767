package dev.mobilediffusion.checks;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class HouseRulesTest {

    private static final int MAX_LINES = 250;
    private static final int MAX_FILES = 25;
    /** A test class is a list of behaviours, which nobody has to hold in mind at once. */
    private static final int MAX_TEST_LINES = 400;

    @Test
    void noFileIsLongerThanAReaderCanHold() {
        List<String> tooLong = Repository.sources().stream()
                .filter(source -> source.lines() > maxLines(source))
                .map(source -> "%s has %d lines, at most %d".formatted(source.path(), source.lines(), maxLines(source)))
                .toList();

        assertThat(tooLong, is(empty()));
    }

    @Test
    void noPackageHasMoreFilesThanAReaderCanHold() {
        Map<String, Long> files = Repository.sources().stream()
                .filter(source -> !source.isTest())
                .collect(Collectors.groupingBy(JavaSource::packageName, Collectors.counting()));
        files.values().removeIf(count -> count <= MAX_FILES);

        assertThat("packages with more than " + MAX_FILES + " files", files, is(Map.of()));
    }

    @Test
    void everyPackageSaysWhatItIs() {
        List<Path> silent = Repository.sources().stream()
                .filter(source -> !source.isTest())
                .map(source -> source.path().resolveSibling("package-info.java"))
                .distinct()
                .filter(Files::notExists)
                .toList();

        assertThat(silent, is(empty()));
    }

    @Test
    void everyPackageLiesInTheFolderOfItsName() {
        List<Path> misplaced = Repository.sources().stream()
                .filter(source -> !source.path()
                        .getParent()
                        .endsWith(Path.of(source.packageName().replace('.', '/'))))
                .map(JavaSource::path)
                .toList();

        assertThat(misplaced, is(empty()));
    }

    /** It compiles, and at run time fails, is gone soon or measures another thing; no compiler says so. */
    @Test
    void nobodyCallsWhatOnlyLooksAsIfItWorked() {
        // Most of ONNX Runtime's builds lack these providers, so one class tries them; Helidon's own meters have no
        // histograms
        List<String> traps = List.of("addXnnpack(", "addACL(", "io.helidon.metrics");
        List<String> callers = Repository.sources().stream()
                .filter(source -> !source.isTest() && !source.path().endsWith("ExecutionProviders.java"))
                .flatMap(source -> traps.stream()
                        .filter(trap -> source.text().contains(trap))
                        .map(trap -> source.path() + " has " + trap))
                .toList();

        assertThat(callers, is(empty()));
    }

    /** What a client, a file or a log gets is read by machines, whatever language its owner's machine speaks. */
    @Test
    void noTextIsWrittenInTheDigitsOfTheMachinesLanguage() {
        List<String> calls = Repository.sources().stream()
                .filter(source -> !source.isTest())
                .flatMap(source -> source.formatsByLocale().stream())
                .toList();

        assertThat(calls, is(empty()));
    }

    @Test
    void theRuleAboutDigitsKnowsWhatToForbid() {
        List<String> wrong = List.of(
                "\"%d\".formatted(n)",
                "(\"a\"\n  + \"%,d\")\n  .formatted(n)",
                "format.formatted(args)",
                "String.format(\"%s\", n)",
                "out.printf(\"%s\", n)");
        List<String> right = List.of(
                "\"%s of 100 %%\".formatted(n)",
                "String.format(Locale.ROOT, \"%d\", n)", "out.printf(\n  Locale.ROOT, \"%d\", n)", "picture.format()");

        wrong.forEach(code -> assertThat(
                code, new JavaSource(Path.of("A.java"), code).formatsByLocale().size(), is(1)));
        right.forEach(code -> assertThat(
                code, new JavaSource(Path.of("A.java"), code).formatsByLocale().size(), is(0)));
    }

    private static int maxLines(JavaSource source) {
        return source.isTest() ? MAX_TEST_LINES : MAX_LINES;
    }
}
