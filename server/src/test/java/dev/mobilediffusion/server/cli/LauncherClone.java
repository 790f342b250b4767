package dev.mobilediffusion.server.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A clone whose launcher is started. */
abstract class LauncherClone {

    @TempDir
    Path folder;

    LauncherFixture fixture;

    @BeforeEach
    void makeAClone() throws IOException {
        fixture = LauncherFixture.built(folder);
    }
}
