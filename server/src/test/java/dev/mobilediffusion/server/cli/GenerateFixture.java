package dev.mobilediffusion.server.cli;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** A folder where images are written. */
abstract class GenerateFixture {

    @TempDir
    Path folder;
}
