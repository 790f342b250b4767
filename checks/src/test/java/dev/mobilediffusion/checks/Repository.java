package dev.mobilediffusion.checks;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.greaterThan;

import java.nio.file.Path;
import java.util.List;

/** The sources that the checks are about: this repository's. */
final class Repository {

    private Repository() {}

    static List<JavaSource> sources() {
        // Surefire runs in the module's folder
        List<JavaSource> sources =
                JavaSource.below(Path.of("..").toAbsolutePath().normalize());
        assertThat("the check must have something to check", sources.size(), greaterThan(10));
        return sources;
    }
}
