package dev.mobilediffusion.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Something that runs in a folder of its own while tests run. Registered in a field ({@code @RegisterExtension}), it
 * starts before each test and is closed after it; in a static field, it does so once for the class.
 */
public abstract class Fixture
        implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback, AutoCloseable {

    private boolean forClass;
    private Path folder;

    /** Starts with {@code folder} for its files, which is empty. */
    protected abstract void start(Path folder);

    /** May be called by a test, and is called again after it. */
    @Override
    public abstract void close();

    /** Where its files lie, once it was started by JUnit. */
    public final Path folder() {
        return folder;
    }

    @Override
    public final void beforeAll(ExtensionContext context) throws IOException {
        forClass = true;
        start();
    }

    @Override
    public final void beforeEach(ExtensionContext context) throws IOException {
        if (!forClass) {
            start();
        }
    }

    @Override
    public final void afterEach(ExtensionContext context) throws IOException {
        if (!forClass) {
            stop();
        }
    }

    @Override
    public final void afterAll(ExtensionContext context) throws IOException {
        stop();
    }

    private void start() throws IOException {
        folder = Files.createTempDirectory("mobilediffusion-test");
        start(folder);
    }

    private void stop() throws IOException {
        close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
