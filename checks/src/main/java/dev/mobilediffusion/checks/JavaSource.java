package dev.mobilediffusion.checks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One Java file of the repository.
 *
 * @param path where it lies
 * @param text what it says, with {@code \n} line ends
 */
record JavaSource(Path path, String text) {

    private static final List<String> ROOTS =
            List.of("src/main/java", "src/test/java", "src/browser/java", "src/bench/java");
    private static final Pattern PACKAGE = Pattern.compile("(?m)^package\\s+([\\w.]+)\\s*;");
    private static final Pattern QUALIFIED_NAME = Pattern.compile("\\b[a-z]\\w*(?:\\s*\\.\\s*[a-z]\\w*)*(?=\\s*\\.)");
    private static final Pattern NOT_CODE = Pattern.compile(
            "(?s)/\\*.*?\\*/|//[^\\n]*|\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])*'");

    private static final String LITERAL = "\"(?:\\\\.|[^\"\\\\\\n])*\"";
    private static final Pattern LITERAL_FORMAT =
            Pattern.compile(LITERAL + "(?:\\s*\\+\\s*" + LITERAL + ")*\\s*\\)?\\s*\\.formatted\\(");
    private static final Pattern LOCALIZED = Pattern.compile("%(?:\\d+\\$)?[-+ 0,#(]*\\d*(?:\\.\\d+)?[dfeEgGt]");
    private static final Pattern LOCALELESS =
            Pattern.compile("\\w\\s*\\.formatted\\(|(?:\\bString\\.format|\\.printf)\\((?!\\s*Locale\\.)");

    /** Every Java file of every module below {@code repository}, main code and tests, in the order of their paths. */
    static List<JavaSource> below(Path repository) {
        try (Stream<Path> modules = Files.list(repository)) {
            return modules.flatMap(module -> ROOTS.stream().map(module::resolve))
                    .filter(Files::isDirectory)
                    .sorted()
                    .flatMap(JavaSource::readAll)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<JavaSource> readAll(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files
                    .filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .map(JavaSource::read)
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JavaSource read(Path file) {
        try {
            return new JavaSource(file, Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Calls that may write a number in the machine's own digits: in Persian or Bengali a size of 512 is no 512. Whole
     * numbers go through {@code "%s".formatted(...)}, all else through {@code String.format(Locale.ROOT, ...)}.
     */
    List<String> formatsByLocale() {
        return Stream.concat(
                        LITERAL_FORMAT
                                .matcher(text)
                                .results()
                                .filter(call -> LOCALIZED.matcher(call.group()).find()),
                        LOCALELESS.matcher(text).results())
                .map(call -> path + ": " + call.group())
                .toList();
    }

    boolean isTest() {
        String slashed = path.toString().replace('\\', '/');
        return slashed.contains("/src/test/java/")
                || slashed.contains("/src/browser/java/")
                || slashed.contains("/src/bench/java/");
    }

    String packageName() {
        Matcher declaration = PACKAGE.matcher(code());
        return declaration.find() ? declaration.group(1) : "";
    }

    long lines() {
        return text.lines().count();
    }

    /** Dotted lower-case names in imports and code, which are the packages used and perhaps more; never in comments. */
    Set<String> qualifiedNames() {
        Set<String> names = new TreeSet<>();
        Matcher name = QUALIFIED_NAME.matcher(PACKAGE.matcher(code()).replaceFirst(""));
        while (name.find()) {
            names.add(name.group().replaceAll("\\s", ""));
        }
        return names;
    }

    private String code() {
        return NOT_CODE.matcher(text).replaceAll(" ");
    }
}
