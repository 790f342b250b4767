package dev.mobilediffusion.checks;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.JavaFormatterOptions.Style;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Lays Java out the one way this repository wants it: 4 spaces, 120 columns, imports sorted and used.
 *
 * <p>Runs as a program of its own, {@code mvn -q -Pformat -pl checks process-classes}, because the formatter borrows
 * the parser of the JDK it runs on, and the JDK that runs Maven may be too old to parse our sources.
 */
public final class SourceFormatter {

    private static final Formatter FORMATTER = Formatter.createFormatter(
            JavaFormatterOptions.builder().style(Style.PALANTIR).build());

    private SourceFormatter() {}

    /** Rewrites every source file below the working directory that is laid out otherwise, and names each. */
    public static void main(String[] args) throws IOException {
        for (JavaSource source : JavaSource.below(Path.of("").toAbsolutePath())) {
            String formatted = format(source);
            if (!formatted.equals(source.text())) {
                Files.writeString(source.path(), formatted);
                System.out.println("formatted " + source.path());
            }
        }
    }

    static String format(JavaSource source) {
        try {
            return FORMATTER.formatSourceAndFixImports(source.text());
        } catch (FormatterException e) {
            throw new IllegalArgumentException(source.path() + " does not parse: " + e.getMessage(), e);
        }
    }
}
